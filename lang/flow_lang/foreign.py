"""How other tools and languages spell things, and what is written here: the first day's mistakes and their remedies."""

_AFTER = "what a task waits for is written: after [fetch, clean]; what it uses it waits for anyway"
_SHELL = 'what a task does is written: shell "echo hello"'
_IN = "an input is written: in name: str = value; names of the workflow may also stand in the body directly"
_OUT = "results are declared: -> str in the heading, or out name: type inside"
_WHEN = "a condition stands in the heading: task publish when ready { ... }"
_FOR = "a loop stands in the heading: task fetch for region in regions { ... }"
_RETRY = "write for example retry = 3, or retry = retry(3, backoff = exponential(2s), on = [timeout])"
_ENV = "set it in the script: export NAME=value, with ~{x} for a value of the workflow"
_CD = "start the script with `cd`; each attempt runs in a fresh folder of its own"
_LET = "a value has its name from a parameter of the workflow, or in a task from: in name = value"
_SCHEDULE = 'a workflow runs by itself with: schedule = cron("0 2 * * *", tz = "Europe/Berlin")'
_FAILURE = 'what follows a failure is written: on failure { task page { shell "echo failed" } }'
_FINALLY = 'what runs however it ends is written: finally { task tidy { shell "rm -rf cache" } }'
_UNDO = 'what takes a task back is written in it: undo { shell "remove ~{result}" }'
_WAIT = 'a wait is written: wait release { approval = "Publish?"; timeout = 4h }'
_LIMITS = "what a body may use is written: limits { memory = 2GiB; cpu = 30s; output = 64MiB }"
_POOL = (
    "declare a pool in the workflow, pool api { slots = 4 }, and write pool = api; in one task alone: concurrency = 4"
)
_CACHE = "write cache = true, or cache = key(day, ttl = 1d)"
_RATE = "write rate = rate(10, per = 1m)"
_CONTAINER = (
    'a body runs on the worker as it is: start the container in it, shell "docker run image command", or choose workers by '
    'labels = ["gpu"]'
)
_PARALLEL = "tasks run side by side unless one needs the other; leave this and its braces out"

SETTINGS = {
    **dict.fromkeys(
        ("depends_on", "depends", "dependencies", "needs", "requires", "upstream", "dependsOn", "after"), _AFTER
    ),
    **dict.fromkeys(("command", "cmd", "run", "script", "bash", "sh", "exec", "args", "execute"), _SHELL),
    **dict.fromkeys(("input", "inputs", "arguments", "params", "parameters", "vars", "variables"), _IN),
    **dict.fromkeys(("output", "outputs", "result", "results", "returns", "artifacts"), _OUT),
    **dict.fromkeys(("retries", "max_retries", "attempts", "max_attempts", "retry_count", "retry_policy"), _RETRY),
    **dict.fromkeys(("retry_delay", "backoff", "retry_interval"), _RETRY),
    **dict.fromkeys(("env", "environment", "envs"), _ENV),
    **dict.fromkeys(("cwd", "workdir", "working_dir", "working_directory", "workingDir"), _CD),
    **dict.fromkeys(("if", "condition", "only_if", "run_if", "trigger_rule"), _WHEN),
    **dict.fromkeys(("foreach", "matrix", "loop", "with_items", "withItems", "map", "expand"), _FOR),
    **dict.fromkeys(("execution_timeout", "max_time", "time_limit", "timeout_seconds"), "write timeout = 10m"),
    **dict.fromkeys(("interpreter", "executable"), 'the interpreter of a body is written: with = "python3"'),
    **dict.fromkeys(("image", "container", "docker", "conda", "singularity"), _CONTAINER),
    "uses": 'a workflow of another file is imported, import "lib/quality.flow", and run: call checks = quality.check(...)',
    "continue_on_error": "write optional = true: a failure then counts as a skip",
    "allow_failure": "write optional = true: a failure then counts as a skip",
    "shell": 'a body has no `=`: shell "echo hello"',
    "python": "a body has no `=`: python '''...'''",
    "call": "a body has no `=`: call score(table)",
    "description": "a comment with two `##` above the task documents it",
    "doc": "a comment with two `##` above the task documents it",
    "name": "the name stands in the heading: task name { ... }",
    "queue": _POOL,
    "tags": 'write labels = ["gpu"]',
    "runs_on": 'write labels = ["gpu"]',
    "node_selector": 'write labels = ["gpu"]',
    "defaults": "defaults are a block: defaults { timeout = 10m; retry = 2 }",
    "undo": "an undo is a block: " + _UNDO.partition(": ")[2],
    "finally": "it is a block: " + _FINALLY.partition(": ")[2],
    **dict.fromkeys(("on_failure", "on_error", "onerror", "onfailure"), _FAILURE),
    **dict.fromkeys(("cron", "schedule_interval", "every", "trigger", "triggers", "interval"), _SCHEDULE),
    **dict.fromkeys(
        ("limits", "resources", "cpus", "cpu_limit", "mem", "memory_limit", "memory", "cpu", "output"), _LIMITS
    ),
    **dict.fromkeys(("max_parallel", "parallelism", "max_active_tasks", "max_concurrency", "threads"), _POOL),
    "max_active_runs": "write concurrency = 1 in the workflow",
    **dict.fromkeys(("rate_limit", "throttle", "qps"), _RATE),
    **dict.fromkeys(("memoize", "ttl", "cache_key", "cache_ttl", "cached"), _CACHE),
    **dict.fromkeys(("approve", "approval_required", "manual"), _WAIT),
}
"""By the name of a setting that there is not."""

BODIES = frozenset(name for name, remedy in SETTINGS.items() if remedy == _SHELL or " body has no `=`" in remedy)
"""Settings by which a body was meant."""

WORDS = {
    **dict.fromkeys(
        ("def", "function", "func", "fn", "step", "job", "stage", "rule", "target", "process", "operator"),
        "did you mean `task`?",
    ),
    **dict.fromkeys(("pipeline", "dag", "flows"), "did you mean `workflow`?"),
    **dict.fromkeys(("struct", "record", "class", "interface"), "did you mean `type`?"),
    **dict.fromkeys(("if", "unless", "switch", "case", "elif"), _WHEN),
    **dict.fromkeys(
        ("GET", "POST", "PUT", "PATCH", "DELETE", "get", "post", "request", "fetch", "curl"),
        'a request is written: http GET "https://example.com/orders"',
    ),
    **dict.fromkeys(
        ("expect", "check", "verify", "should", "given", "ensure"),
        "what must hold in a test is written: assert condition",
    ),
    **dict.fromkeys(
        ("stub", "fake", "patch", "when_called"), "what a task gives in a test is written: mock task = value"
    ),
    "else": "the other case is a task of its own: task b when not ready { ... }",
    **dict.fromkeys(("foreach", "for", "while", "each"), _FOR),
    **dict.fromkeys(("bash", "sh", "script", "run", "cmd", "command", "exec", "echo"), _SHELL),
    **dict.fromkeys(("input", "inputs", "arg"), _IN),
    **dict.fromkeys(("output", "outputs"), "did you mean `out`?"),
    **dict.fromkeys(("depends_on", "depends", "needs", "requires"), _AFTER),
    **dict.fromkeys(("let", "var", "const", "val", "set", "local"), _LET),
    **dict.fromkeys(("env", "environment"), _ENV),
    **dict.fromkeys(("parallel", "sequence", "group", "steps", "tasks", "jobs", "stages"), _PARALLEL),
    "retry": _RETRY,
    "timeout": "write timeout = 10m",
    "try": "a failure is retried (retry = 3), or tolerated (optional = true)",
    "version": "the first line of a file is: flow 1",
    **dict.fromkeys(("always", "ensure", "cleanup", "teardown"), _FINALLY),
    **dict.fromkeys(("catch", "except", "rescue", "on_failure", "on_error", "error"), _FAILURE),
    **dict.fromkeys(("compensate", "rollback", "revert"), _UNDO),
    **dict.fromkeys(("approve", "approval", "sleep", "gate", "signal", "pause"), _WAIT),
    **dict.fromkeys(("schedule", "cron", "every"), _SCHEDULE),
    **dict.fromkeys(
        ("include", "use", "require", "load"), 'a file is imported so: import "lib/quality.flow" as quality'
    ),
    **dict.fromkeys(("resources", "cpu", "memory"), _LIMITS),
    "name": "the name stands in the heading: task name { ... }",
}
"""By the word that an item cannot begin with."""

_ABSENT = "ask `x is present` or `x is not present`; a `T?` that nobody gives is absent, so leave `= {}` out"

VALUES = {
    "True": "did you mean `true`?",
    "False": "did you mean `false`?",
    "TRUE": "did you mean `true`?",
    "FALSE": "did you mean `false`?",
    **dict.fromkeys(("yes", "on"), "did you mean `true`?"),
    **dict.fromkeys(("no", "off"), "did you mean `false`?"),
    **{word: _ABSENT.format(word) for word in ("None", "none", "null", "nil", "undefined", "NULL")},
    **dict.fromkeys(
        ("tasks", "steps", "needs", "outputs", "jobs"), "a task is named directly: ~{fetch}, ~{fetch.rows}"
    ),
    **dict.fromkeys(
        ("params", "inputs", "parameters", "args", "vars", "variables"), "a parameter is named directly: ~{day}"
    ),
    **dict.fromkeys(("env", "secrets", "secret", "environ"), "in a shell body the environment is the shell's: $NAME"),
    **dict.fromkeys(("run_id", "runid"), "did you mean `run.id`?"),
    **dict.fromkeys(("workflow", "flow"), "the workflow's name is `run.workflow`"),
    "exception": "what has failed is in `error.task`, `error.code` and `error.message` of `on failure`",
}
"""By the name in an expression that nothing declares."""

ABSENT = frozenset(word for word, remedy in VALUES.items() if "is present" in remedy)

UNITS = {
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("K", "k", "kb", "KB", "Ki", "KiB"), "KiB"),
    **dict.fromkeys(("M", "mb", "MB", "Mi", "MiB"), "MiB"),
    **dict.fromkeys(("G", "g", "gb", "GB", "Gi", "GiB"), "GiB"),
}
"""Units as people write them, and the language's."""

RESULTS = frozenset(("output", "outputs", "result", "results", "stdout", "value", "return_value", "xcom", "out"))
"""Fields of a task in other tools that hold what it has given."""

MEMBERS = {
    **dict.fromkeys(("length", "len", "size", "count"), "count({})"),
    "sum": "sum({})",
    "first": "first({})",
    "last": "last({})",
    "lower": "lower({})",
    "upper": "upper({})",
    "strip": "trim({})",
    "split": "split({})",
    "keys": "keys({})",
    "values": "values({})",
    "items": "keys({})",
}
"""By the name of a method or property: the function that does it."""

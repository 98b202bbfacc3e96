"""As test_first_day.py, for what stands in a workflow beside its tasks: one mistake, one error, and a remedy that works."""

import pytest
from lang.compiling import compiled

OTHER = 'workflow other(n: int) -> int { task t -> int { shell "echo ~{n}" }; return t }'
CASES = [
    ('wait ok "Go?"', "FLOW101", '"Go?"', 'approval = "Publish?"', 'wait ok { approval = "Go?" }'),
    ('wait ok { approve = "Go?" }', "FLOW203", "approve", "did you mean `approval`?", 'wait ok { approval = "Go?" }'),
    ("wait ok { timeout = 1h }", "FLOW322", "ok", 'approval = "Publish?"', 'wait ok { event = "x"; timeout = 1h }'),
    ("sleep 10m", "FLOW101", "sleep", "a wait is written", "wait pause { duration = 10m }"),
    ('secret key "KEY"', "FLOW101", '"KEY"', 'secret token = env("API_TOKEN")', 'secret key = env("KEY")'),
    ('secret key = "abc"', "FLOW310", '"abc"', 'secret key = env("KEY")', 'secret key = env("KEY")'),
    ("pool api = 4", "FLOW101", "=", "pool api { slots = 4 }", "pool api { slots = 4 }"),
    ("pool api { size = 4 }", "FLOW203", "size", "`slots`", "pool api { slots = 4 }"),
    ("defaults = { timeout = 1m }", "FLOW203", "defaults", "defaults are a block", "defaults { timeout = 1m }"),
    ('cron = "0 2 * * *"', "FLOW203", "cron", "schedule = cron(", 'schedule = cron("0 2 * * *")'),
    ('schedule = "0 2 * * *"', "FLOW310", '"0 2 * * *"', "write cron(", 'schedule = cron("0 2 * * *")'),
    ('schedule = cron("@daily")', "FLOW321", '"@daily"', 'write "0 0 * * *"', 'schedule = cron("0 0 * * *")'),
    (
        "call other(n = 1)",
        "FLOW111",
        "call other(n = 1)",
        "give it a name: call other_run = other(",
        "call x = other(n = 1)",
    ),
    ("call x = other", "FLOW204", "other", "with the brackets", "call x = other(n = 1)"),
    ('always { task a { shell "1" } }', "FLOW101", "always", "finally {", 'finally { task a { shell "1" } }'),
    (
        'on_failure { task a { shell "1" } }',
        "FLOW101",
        "on_failure",
        "on failure {",
        'on failure { task a { shell "1" } }',
    ),
    (
        'on error { task a { shell "1" } }',
        "FLOW111",
        "error",
        "did you mean `on failure`?",
        'on failure { task a { shell "1" } }',
    ),
    ('finally task a { shell "1" }', "FLOW101", "task", "finally { task", 'finally { task a { shell "1" } }'),
    ('notify email("a@b.c")', "FLOW111", "notify", "`on failure` or `finally`", 'finally { notify email("a@b.c") }'),
    (
        'task a { shell "1"; undo shell "2" }',
        "FLOW101",
        "shell",
        'undo { shell "remove',
        'task a { shell "1"; undo { shell "2" } }',
    ),
    (
        'task a { shell "1"; memory = 1GiB }',
        "FLOW203",
        "memory",
        "limits { memory = 2GiB",
        'task a { shell "1"; limits { memory = 1GiB } }',
    ),
    (
        'task a { shell "1"; cache = "1d" }',
        "FLOW310",
        '"1d"',
        "cache = key(",
        'task a { shell "1"; cache = key(ttl = 1d) }',
    ),
    (
        'task a { shell "1"; rate = "10/m" }',
        "FLOW310",
        '"10/m"',
        "rate(10, per = 1m)",
        'task a { shell "1"; rate = rate(10, per = 1m) }',
    ),
    (
        'task a { shell "1"; tags = ["gpu"] }',
        "FLOW203",
        "tags",
        'labels = ["gpu"]',
        'task a { shell "1"; labels = ["gpu"] }',
    ),
    ('task a { shell "~{run_id}" }', "FLOW201", "run_id", "did you mean `run.id`?", 'task a { shell "~{run.id}" }'),
    (
        'task a { shell "~{error.code}" }',
        "FLOW201",
        "error",
        "known in `on failure`",
        'on failure { task a { shell "~{error.code}" } }',
    ),
]


def _file(items: str) -> str:
    return f"flow 1\n{OTHER}\nworkflow main {{\n  {items}\n}}\n"


@pytest.mark.parametrize(("wrong", "code", "caret", "hint", "right"), CASES, ids=[case[0][:60] for case in CASES])
def test_a_mistake(wrong: str, code: str, caret: str, hint: str, right: str) -> None:
    found = compiled(_file(wrong)).diagnostics
    assert len(found) == 1, found
    start, end = found[0].primary.span
    assert (found[0].code, _file(wrong)[start:end]) == (code, caret)
    assert hint in found[0].hint
    fixed = compiled(_file(right))
    assert fixed.plan is not None, fixed.diagnostics

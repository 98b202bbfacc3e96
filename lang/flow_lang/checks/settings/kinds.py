"""Which settings there are, and what may have them."""

from flow_lang.named import NamedTuple
from flow_lang.plan import Limits, Rate, Retry
from flow_lang.syntax import tree

_BODY = (
    "retry",
    "timeout",
    "deadline",
    "delay",
    "priority",
    "optional",
    "pool",
    "slots",
    "concurrency",
    "rate",
    "labels",
    "cache",
    "at_most_once",
    "with",
)
_RUNS = ("retry", "timeout", "deadline", "delay", "priority", "optional", "concurrency", "rate")
SETTINGS: dict[str, tuple[str, ...]] = {
    "a task": _BODY,
    "a `call` of a workflow": _RUNS,
    "a `wait`": ("event", "approval", "duration", "until", "timeout", "default", "optional"),
    "an `undo`": ("retry", "timeout", "deadline", "delay", "with"),
    "`defaults`": _BODY,
    "a workflow": ("timeout", "concurrency", "fail_fast", "labels", "priority", "schedule"),
    "a pool": ("slots",),
    "`limits`": ("memory", "cpu", "output"),
}
"""By what has them, as a message calls it."""

DEFAULTED: dict[str, tuple[str, ...]] = {
    "a task": _BODY,
    "a `call` of a workflow": ("retry", "deadline", "delay", "priority", "optional"),
    "a `wait`": (),
    "an `undo`": ("retry", "timeout", "deadline", "with"),
}
"""What of a workflow's `defaults` each kind takes: what a default for bodies says about time, slots and places does not go for a run of another
workflow, which holds no slot and takes as long as its tasks."""

PLACES = ("a task", "a workflow", "a pool", "`limits`", "a `wait`")
"""Where a setting belongs that stands in the wrong place; the first that has it."""


class CacheKey(NamedTuple):
    """`cache = key(a, b, ttl = 1d)`: `keys` None for the inputs, `ttl` in seconds."""

    keys: tuple[tree.Expr, ...] | None = None
    ttl: float | None = None


class Settings(NamedTuple):
    """What settings say, as a plan keeps it; what depends on the names of a task is still as written (`cache`, `schedule`).
    `given` are the names of those that were set, with what they were set to."""

    retry: Retry = Retry()
    timeout: float | None = None
    deadline: float | None = None
    delay: float = 0.0
    priority: int = 0
    optional: bool = False
    pool: str = ""
    slots: int = 1
    concurrency: int | None = None
    rate: Rate | None = None
    labels: tuple[str, ...] = ()
    limits: Limits = Limits()
    cache: CacheKey | None = None
    at_most_once: bool = False
    fail_fast: bool = False
    with_: str = ""
    memory: int | None = None
    cpu: float | None = None
    output: int | None = None
    given: dict[str, tree.Setting] = {}  # noqa: RUF012  a default that nobody changes

    def over(self, defaults: "Settings", names: tuple[str, ...]) -> "Settings":
        """These, and those of `names` from `defaults` that these do not give."""
        taken = [name for name in names if name in defaults.given and name not in self.given]
        if not taken:
            return self
        fields = {field: getattr(defaults, field) for field in (FIELDS.get(name, name) for name in taken)}
        return self._replace(**fields, given={**{name: defaults.given[name] for name in taken}, **self.given})


FIELDS = {"with": "with_"}
"""The field of a setting whose name is a word of Python."""

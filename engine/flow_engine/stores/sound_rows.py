"""Whether rows are such as Flow writes. SQLite keeps any value in any column, so that something else may have left there what would only
show in the middle of the work on other runs."""

from collections.abc import Sequence

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord

_Types = frozenset[type]
_NUMBER: _Types = frozenset((int, float))
_TEXT: _Types = frozenset((str,))
_WHOLE: _Types = frozenset((int,))
_NONE: _Types = frozenset((type(None),))
_RUN: dict[str, _Types] = {
    **dict.fromkeys(("id", "workflow", "plan_hash", "folder", "state", "namespace"), _TEXT),
    "params": frozenset((dict,)),
    "priority": _WHOLE,
    "labels": frozenset((tuple,)),
    "created_at": _NUMBER,
    **dict.fromkeys(("started_at", "finished_at", "cancel_requested_at", "reopened_at"), _NUMBER | _NONE),
    **dict.fromkeys(("owner", "result", "error", "parent", "cancel_reason", "based_on"), _TEXT | _NONE),
}
_TASK: dict[str, _Types] = {
    **dict.fromkeys(("seq", "node", "attempt", "failures", "losses"), _WHOLE),
    "state": _TEXT,
    **dict.fromkeys(("place", "size", "cursor"), _WHOLE | _NONE),
    **dict.fromkeys(("ready_at", "claimed_at", "started_at", "finished_at", "deadline_at"), _NUMBER | _NONE),
    **dict.fromkeys(("worker", "item", "result", "error", "log", "awaits", "cache", "override"), _TEXT | _NONE),
}
_RUN_TYPES = [_RUN[name] for name in RunRecord._fields]
_TASK_TYPES = [_TASK[name] for name in TaskRecord._fields]


def need_sound_run(record: RunRecord) -> None:
    """Raises ValueError."""
    _need_types(RunRecord._fields, tuple(map(type, record)), _RUN_TYPES)
    if record.state not in states.OF_RUNS:
        raise ValueError(f"`{record.state}` is no state of a run")
    if record.parent == record.id:
        raise ValueError("it is its own parent")


def need_sound_tasks(rows: Sequence[TaskRecord], tasks: int) -> None:
    """`rows` are all of a run, by `seq`, whose workflow has so many tasks. Raises ValueError."""
    for types in {tuple(map(type, row)) for row in rows}:
        _need_types(TaskRecord._fields, types, _TASK_TYPES)
    for state in {row.state for row in rows}:
        if state not in states.TRANSITIONS:
            raise ValueError(f"`{state}` is no state of a task")
    if [(row.seq, row.node, row.place) for row in rows[:tasks]] != [(at, at, None) for at in range(tasks)]:
        raise ValueError("the rows of its tasks are not those of its workflow")
    wrong = next((row.seq for row in rows if row.attempt < 0 or not 0 <= row.node < tasks), None)
    if wrong is not None:
        raise ValueError(f"the row {wrong} of its tasks is of no task or attempt")


def _need_types(names: Sequence[str], types: Sequence[type], wanted: Sequence[_Types]) -> None:
    for name, found, allowed in zip(names, types, wanted, strict=True):
        if found not in allowed:
            raise ValueError(f"`{name}` is a {found.__name__}")

"""What a run waits for, and answering it: approvals and events."""

import json
import time
from collections.abc import Iterator
from typing import Any

from flow_engine.awaits import read_awaits
from flow_engine.errors import Refused
from flow_engine.model import Awaits, RunRecord, Signal, TaskRecord
from flow_engine.stores.contract import Store
from flow_lang.named import NamedTuple
from flow_lang.plan import Plan, Task
from flow_lang.values import Mismatch, decode, encode

from flow_runtime.document import key_of
from flow_runtime.wire import dumps


class Waiting(NamedTuple):
    """A suspended task: of this run, or of one of its child runs."""

    run: str
    key: str
    awaits: Awaits


class WrongAnswer(Refused):
    """Nothing waits for that answer, or it is of another type."""


def awaits_of(row: TaskRecord) -> Awaits | None:
    """What a task waits for now."""
    return read_awaits(row.awaits) if row.awaits is not None and row.state == "waiting" else None


def waiting(store: Store, record: RunRecord) -> Iterator[Waiting]:
    """All that the run and its child runs wait for from outside."""
    plan = store.plan(record.plan_hash, record.workflow)
    for row in store.tasks(record.id):
        awaits = awaits_of(row)
        if awaits is not None and awaits.kind in ("approval", "event"):
            yield Waiting(record.id, key_of(plan, row), awaits)
    for child in store.children(record.id):
        yield from waiting(store, store.run(child))


def approve(store: Store, record: RunRecord, task: str | None, answer: bool, by: str) -> Waiting:
    """Answers an approval; `task` may be left out where the run waits for one alone. Raises WrongAnswer."""
    open_ = [item for item in waiting(store, record) if item.awaits.kind == "approval"]
    named = [item for item in open_ if task in (None, item.key)]
    if len(named) != 1:
        raise WrongAnswer(_no_approval(record, task, open_))
    chosen = named[0]
    given = next((s for s in store.signals(chosen.run) if (s.kind, s.name) == ("approval", chosen.awaits.name)), None)
    if given is not None:
        answered = "approved" if json.loads(given.payload) else "rejected"
        who = f" by {given.sent_by}" if given.sent_by else ""
        raise WrongAnswer(f"{chosen.key} of run {chosen.run} was {answered} already{who}; the first answer counts")
    store.send(chosen.run, Signal("approval", chosen.awaits.name, dumps(answer), time.time(), by))
    return chosen


def send_event(store: Store, record: RunRecord, event: str, value: Any, by: str) -> list[Waiting]:
    """Sends an event to the run, and to those of its child runs that wait for it; who waits for it now. It is kept for tasks that
    begin to wait later. Raises WrongAnswer where a task that waits for it wants another type."""
    takers = [item for item in waiting(store, record) if (item.awaits.kind, item.awaits.name) == ("event", event)]
    for run in {record.id, *(item.run for item in takers)}:
        _check(store, store.run(run), event, value)
    for run in sorted({record.id, *(item.run for item in takers)}):
        store.send(run, Signal("event", event, dumps(value), time.time(), by))
    return takers


def _check(store: Store, record: RunRecord, event: str, value: Any) -> None:
    for task in _takers(store, record, event):
        try:
            encode(task.result, decode(task.result, value))
        except Mismatch as error:
            raise WrongAnswer(f"{task.name} waits for a `{task.result}` by the event {event}: {error}") from error


def _takers(store: Store, record: RunRecord, event: str) -> Iterator[Task]:
    """Who waits for it now, and who will for certain: an event's name may be known only when its wait begins."""
    plan: Plan = store.plan(record.plan_hash, record.workflow)
    waits = ((row.node, awaits_of(row)) for row in store.tasks(record.id))
    now = {node for node, awaits in waits if awaits is not None and (awaits.kind, awaits.name) == ("event", event)}
    for at, task in enumerate(plan.workflow.tasks):
        named = task.body.kind == "wait" and task.body.function == "event" and task.body.payload == ["lit", event]
        if named or at in now:
            yield task


def _no_approval(record: RunRecord, task: str | None, open_: list[Waiting]) -> str:
    if not open_:
        return f"run {record.id} waits for no approval now"
    names = ", ".join(dict.fromkeys(item.key for item in open_))
    if task is None:
        return f"run {record.id} waits for several approvals, name one of: {names}"
    runs = [item.run for item in open_ if item.key == task]
    if len(runs) > 1:
        told = "\n".join(f"  flow approve {run} {task}" for run in runs)
        return f"{len(runs)} of the runs of {record.id} wait for an approval {task}; name one of them:\n{told}"
    return f"run {record.id} does not wait for an approval {task}; it waits for: {names}"

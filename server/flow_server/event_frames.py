"""Events of one run as the frames of a stream (server-sent events)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from flow_engine import states
from flow_engine.model import Event, RunRecord
from flow_engine.stores.contract import Store
from flow_runtime.document import key_of, moment

from flow_server.documents import json_bytes

ENDED = (states.SUCCEEDED, states.FAILED, states.CANCELLED)
"""Those of runs."""


class Frame(NamedTuple):
    id: int
    data: bytes


class Batch(NamedTuple):
    """Frames that came together, and whether the run has ended with the last of them."""

    frames: list[Frame]
    over: bool


class Frames:
    """Of one run, whose plan and instances it knows."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._record: RunRecord | None = None
        self._keys: dict[int, str] = {}

    def batch(self, store: Store, events: Sequence[Event]) -> Batch:
        frames = [Frame(event.id, self._data(store, event)) for event in events]
        ends = [change[1] in ENDED for event in events for change in event.changes if change[0] == "run"]
        return Batch(frames, bool(ends) and ends[-1])

    def _data(self, store: Store, event: Event) -> bytes:
        changes = [self._change(store, change) for change in event.changes]
        return b"id: %d\nevent: change\ndata: %s\n\n" % (
            event.id,
            json_bytes({"at": moment(event.at), "changes": changes}),
        )

    def _change(self, store: Store, change: list[Any]) -> dict[str, Any]:
        if change[0] == "run":
            return {"run": self.run, "state": change[1]}
        return {"task": self._key(store, change[0]), "state": change[1], "attempt": change[2]}

    def _key(self, store: Store, row: int) -> str:
        """Instances are read when one is met that is not known."""
        self._record = self._record or store.run(self.run)
        plan = store.plan(self._record.plan_hash, self._record.workflow)
        if row < len(plan.workflow.tasks):
            return plan.workflow.tasks[row].name
        if row not in self._keys:
            self._keys = {task.seq: key_of(plan, task) for task in store.tasks(self.run)}
        return self._keys[row]

"""What holds a start back although the task is ready: a full pool, the most instances or runs at once, a rate.

Slots are never kept beside the rows that hold them: what others hold is counted from rows (`Usage`), and what this worker holds from
its own graphs, so that no slot can leak.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from flow_lang.named import NamedTuple
from flow_lang.plan import Task, Workflow


class Usage(Protocol):
    """What a store knows of all workers, inside of one transaction."""

    def pool_size(self, pool: str) -> int | None:
        """The slots of one of the server's pools; None where there is none of that name."""
        ...

    def pool_slots(self, pool: str) -> int:
        """Slots taken now, by whomever."""
        ...

    def running(self, workflow: str) -> int:
        """Runs of this workflow that have begun and not ended, whoever works on them: one whose worker has died goes on with another."""
        ...

    def rate(self, key: str) -> float:
        """From when on the next start is allowed."""
        ...

    def set_rate(self, key: str, at: float) -> None: ...


class Gate(NamedTuple):
    """`kind`: pool, task, run or rate. `limit` slots (or starts in `per` seconds), of which this start takes `slots`."""

    kind: str
    key: str
    limit: int
    slots: int = 1
    per: float = 0.0


def pool_key(workflow: Workflow, task: Task) -> str:
    """The pool's name in all the state: a pool of a workflow spans all of its runs and no others."""
    own = any(pool.name == task.pool for pool in workflow.pools)
    return f"{workflow.name}/{task.pool}" if own else task.pool


def gates_of(workflow: Workflow, task: Task, run: str, usage: Usage) -> list[Gate]:
    """The gates that a start of this task must pass."""
    gates = []
    if task.concurrency is not None:
        gates.append(Gate("task", f"{run}:{task.name}", task.concurrency))
    if task.pool:
        sizes = {pool.name: pool.slots for pool in workflow.pools}
        size = sizes.get(task.pool)
        size = usage.pool_size(task.pool) if size is None else size
        gates.append(Gate("pool", pool_key(workflow, task), size or 0, task.slots))
    if task.rate is not None:
        gates.append(Gate("rate", f"{workflow.name}/{task.name}", task.rate.starts, 1, task.rate.per))
    return gates


class Gates:
    """What this worker's attempts hold. `mine` is by gate; the durable part of it is in the store's count too."""

    def __init__(self) -> None:
        self._held: Counter[tuple[str, str]] = Counter()
        self._by_row: dict[tuple[str, int], list[Gate]] = {}
        self._durable: dict[tuple[str, str], int] = {}

    def begin(self) -> None:
        """At the start of a transaction: what is held now is what the store counts as ours."""
        self._durable = {}

    def closed(self, gates: Iterable[Gate], usage: Usage, now: float) -> Gate | None:
        """The first gate that lets nothing through now."""
        return next((gate for gate in gates if not self._open(gate, usage, now)), None)

    def enter(self, run: str, row: int, gates: list[Gate], usage: Usage, now: float) -> None:
        for gate in gates:
            if gate.kind == "rate":
                usage.set_rate(gate.key, now + gate.per / gate.limit)
                continue
            self._remember(gate)
            self._held[(gate.kind, gate.key)] += gate.slots
        if gates:
            self._by_row[(run, row)] = gates

    def leave(self, run: str, row: int) -> None:
        for gate in self._by_row.pop((run, row), ()):
            if gate.kind != "rate":
                self._remember(gate)
                self._held[(gate.kind, gate.key)] -= gate.slots

    def leave_run(self, run: str) -> None:
        for key in [key for key in self._by_row if key[0] == run]:
            self.leave(*key)

    def _open(self, gate: Gate, usage: Usage, now: float) -> bool:
        if gate.kind == "rate":
            # never further ahead than one start: else the clock was set back since the last
            return not now < usage.rate(gate.key) <= now + gate.per / gate.limit
        mine = self._held[(gate.kind, gate.key)]
        return self._others(gate, usage) + mine + gate.slots <= gate.limit

    def _others(self, gate: Gate, usage: Usage) -> int:
        if gate.kind == "task":
            return 0
        durable = self._remember(gate)
        counted = usage.pool_slots(gate.key) if gate.kind == "pool" else usage.running(gate.key)
        return max(counted - durable, 0)

    def _remember(self, gate: Gate) -> int:
        """What we held when the transaction began."""
        return self._durable.setdefault((gate.kind, gate.key), self._held[(gate.kind, gate.key)])

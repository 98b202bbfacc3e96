"""A worker of the simulation: what the real one keeps in memory, and loses when it dies."""

from typing import NamedTuple

from flow_engine.model import Claim, Completion, Hint, Released, RunEnd, TaskRef
from flow_engine.queues.steady import SteadyQueue
from flow_engine.stores.contract import Adopted, Store


class Flying(NamedTuple):
    """A claim in a worker's hands; `begun` says that its body has started."""

    claim: Claim
    begun: bool


class Actor:
    """`inbox` holds what its bodies said and no transaction has told yet. `labels` are its own; None where nobody looks at them."""

    def __init__(self, name: str, store: Store, labels: frozenset[str] | None) -> None:
        self.name = name
        self.store = store
        self.labels = labels
        self.runs: set[str] = set()
        self.hints: list[Hint] = []
        self.flying: dict[TaskRef, Flying] = {}
        self.loans: dict[tuple[TaskRef, int], Flying] = {}
        """What it has borrowed, by task and attempt."""
        self.inbox: list[Completion] = []
        self.cancels: list[str] = []
        self.finishing: list[str] = []
        self.draining = False
        self.queue: SteadyQueue | None = None
        """Where it hears of runs, if it shares a queue with others."""
        self.wakes: list[TaskRef] = []

    def take(self, adopted: Adopted, lost: list[Completion]) -> None:
        run = adopted.record.id
        self.runs.add(run)
        self.hints += adopted.ready
        self.inbox += lost
        if adopted.record.cancel_requested_at is not None:
            self.cancels.append(run)
        elif not (adopted.ready or adopted.in_flight or adopted.restless):
            self.finishing.append(run)

    def drain(self, now: float) -> None:
        """Takes no more; what has not begun goes back as it was."""
        self.draining = True
        for task, (claim, begun) in list(self.flying.items()):
            if not begun:
                del self.flying[task]
                self.inbox.append(Completion(task, claim.attempt, self.name, Released(), None, now))

    def finish(self, now: float) -> list[str]:
        """Ends the runs whose tasks have ended."""
        runs, self.finishing = sorted(set(self.finishing) & self.runs), []
        self.store.finish(self.name, now, [RunEnd(run, None, None) for run in runs])
        self.runs -= set(runs)
        return runs

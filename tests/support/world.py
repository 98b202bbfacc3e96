"""A store under test, driven by hand: a worker that claims and completes without any process."""

from collections.abc import Collection, Sequence

from flow_engine.decisions.books import Report
from flow_engine.model import (
    Ask,
    Claim,
    Completion,
    Failed,
    Hint,
    NewRun,
    Outcome,
    Room,
    RunEnd,
    Started,
    Succeeded,
    TaskRecord,
    TaskRef,
    Tick,
)
from flow_engine.stores.contract import Store
from flow_lang.bundle import bundle_of
from flow_lang.plan import Plan

from support.plans import digest

OK = Succeeded('"done"')


def broken(code: str = "exit_1") -> Failed:
    return Failed(code, f'{{"code": "{code}", "message": "it broke"}}')


class World:
    """One worker and its clock. `hints` is all that it was told and has not used."""

    def __init__(self, store: Store, worker: str = "w1", now: float = 1000.0) -> None:
        self.store = store
        self.worker = worker
        self.now = now
        self.hints: list[Hint] = []
        self.claims: dict[str, Claim] = {}
        self.plans: dict[str, Plan] = {}
        self.finishing: list[str] = []

    def submit(self, made: Plan, run: str = "run-1", **fields: object) -> str:
        folder = str(fields.pop("folder", "/tmp"))
        new = NewRun(run, digest(made), made, bundle_of(made), {}, folder, self.now, **fields)  # type: ignore[arg-type]
        self.plans[run] = made
        return self.store.submit(new).run

    def start(self, made: Plan, run: str = "run-1") -> str:
        """Submits and adopts."""
        self.submit(made, run)
        adopted = self.store.adopt(self.worker, run, self.now)
        assert adopted is not None
        self.hints += adopted.ready
        return run

    def tick(
        self,
        *done: Completion,
        want: int = 100,
        cancels: Sequence[str] = (),
        timeouts: Sequence[str] = (),
        wakes: Sequence[TaskRef] = (),
        asks: Sequence[Ask] = (),
        rooms: Sequence[Room] = (),
        started: Sequence[Started] = (),
        labels: Collection[str] | None = None,
        spare: Sequence[Room] = (),
    ) -> Tick:
        due = [hint for hint in self.hints if hint.due <= self.now]
        due.sort(key=lambda hint: (hint.rank, hint.task))
        taken = due[:want]
        self.hints = [hint for hint in self.hints if hint not in taken]
        own = None if labels is None else frozenset(labels)
        report = Report(done, started, cancels, timeouts, wakes, asks, rooms, labels=own, spare=spare)
        tick = self.store.tick(self.worker, self.now, report, taken, want)
        self.hints += tick.ready
        self.finishing += tick.finishing
        for claim in [*tick.claims, *(lent.claim for lent in tick.lent)]:
            self.claims[self.key(claim)] = claim
        return tick

    def end(self, key: str, outcome: Outcome = OK, worker: str | None = None) -> Completion:
        """The completion of the claim that this task has."""
        claim = self.claims.pop(key)
        return Completion(claim.task, claim.attempt, worker or self.worker, outcome, self.now, self.now)

    def end_of(self, claim: Claim, outcome: Outcome = OK) -> Completion:
        """The same, whatever other runs call their tasks."""
        return Completion(claim.task, claim.attempt, self.worker, outcome, self.now, self.now)

    def finish(self, run: str = "run-1", result: str | None = None) -> None:
        self.store.finish(self.worker, self.now, [RunEnd(run, result, None)])

    def run_all(self, **outcomes: Outcome) -> list[str]:
        """Ends whatever is claimed, one at a time in the order of claims, with `OK` or what is given by the task's name; the keys in
        the order in which they ended."""
        order: list[str] = []
        self.tick()
        while self.claims:
            key = next(iter(self.claims))
            order.append(key)
            self.tick(self.end(key, outcomes.get(key.partition("[")[0], OK)))
        return order

    def states(self, run: str = "run-1") -> dict[str, str]:
        return {self._key(run, row.node, row.place): row.state for row in self.store.tasks(run)}

    def row(self, key: str, run: str = "run-1") -> TaskRecord:
        return next(row for row in self.store.tasks(run, values=True) if self._key(run, row.node, row.place) == key)

    def key(self, claim: Claim) -> str:
        return self._key(claim.task.run, claim.node, claim.place)

    def _key(self, run: str, node: int, place: int | None) -> str:
        name = self.plans[run].workflow.tasks[node].name
        return name if place is None else f"{name}[{place}]"

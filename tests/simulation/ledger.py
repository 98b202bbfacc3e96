"""What the simulation has seen and accepted, and what may never become of it."""

from collections.abc import Iterable, Mapping

from flow_engine import states
from flow_engine.model import (
    Claim,
    Completion,
    Expanded,
    Lost,
    Outcome,
    Released,
    Succeeded,
    Suspended,
    TaskRecord,
    TaskRef,
)
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan

from simulation.checker import Violation, check_rows


class Ledger:
    """`watch` is a handle of the state that belongs to no worker; `plans` those of all runs, which grow."""

    def __init__(self, watch: Store, plans: Mapping[str, Plan]) -> None:
        self._watch, self._plans = watch, plans
        self.seen: dict[str, list[TaskRecord]] = {}
        self._held: dict[TaskRef, tuple[str, int]] = {}
        self._looking: set[TaskRef] = set()
        """Suspended tasks that were claimed to see whether what they wait for has come."""
        self._accepted: dict[tuple[TaskRef, int], Outcome] = {}

    def completed(self, worker: str, told: Iterable[Completion], refusals: Iterable[TaskRef]) -> int:
        """After a transaction that was told these ends: how many were refused, and rightly."""
        refused, count = list(refusals), 0
        for completion in told:
            owned = self._watch.run(completion.task.run).owner == worker
            held = owned and self._held.get(completion.task) == _mark(completion) and not self._begun_again(completion)
            if completion.task in refused and not held:
                refused.remove(completion.task)
                count += 1
                continue
            if not owned:
                raise Violation(f"accepted from a worker that does not own the run: {completion}")
            self._accept(completion)
        if refused:
            raise Violation(f"refused, and should have been accepted: {refused}")
        return count

    def claimed(self, claim: Claim, worker: str, now: float) -> None:
        if claim.task in self._held:
            raise Violation(f"{claim.task} is claimed while {self._held[claim.task]} has it")
        self._held[claim.task] = (worker, claim.attempt)
        (self._looking.discard if claim.awaits is None else self._looking.add)(claim.task)
        due = next((row.ready_at for row in self.seen[claim.task.run] if row.seq == claim.task.seq), None)
        if due is not None and due > now and claim.awaits is None:
            raise Violation(f"{claim.task} is claimed before its delay is over")

    def _begun_again(self, completion: Completion) -> bool:
        """Whether it is an old message about a child run that has begun since."""
        outcome = completion.outcome
        return isinstance(outcome, Suspended) and outcome.child is not None and outcome.child.id in self._plans

    def _accept(self, completion: Completion) -> None:
        key = (completion.task, completion.attempt)
        if self._held.pop(completion.task, None) != _mark(completion):
            raise Violation(f"accepted from one who does not have it: {completion}")
        looked = completion.task in self._looking
        if isinstance(completion.outcome, Released | Suspended) or (looked and isinstance(completion.outcome, Lost)):
            return  # the attempt goes on
        if key in self._accepted:
            raise Violation(f"a second completion of {key} was accepted")
        self._accepted[key] = completion.outcome

    def look(self, run: str) -> None:
        """The rows after a transaction, against all that was seen before. What has not changed was looked at then."""
        rows, seen = self._watch.tasks(run, values=True), self.seen.get(run, [])
        if rows != seen:
            check_rows(self._plans[run], rows)
        old = {row.seq: row for row in seen}
        for after in rows:
            before = old.get(after.seq)
            if before is not None and before.state in states.FINAL and before != after:
                raise Violation(f"a final row has changed: {before} -> {after}")
            outcome = self._accepted.get((TaskRef(run, after.seq), after.attempt))
            if isinstance(outcome, Succeeded) and (after.state, after.result) != (states.SUCCEEDED, outcome.result):
                raise Violation(f"{outcome} was accepted and the row is {after}")
        self.seen[run] = rows
        self._check_attempts(run, [row for row in rows if row != old.get(row.seq)])

    def check_all_attempts(self, run: str) -> None:
        """At the end of the run: no row has lost an attempt since it was looked at, or got one."""
        self._check_attempts(run, self.seen[run])

    def _check_attempts(self, run: str, rows: list[TaskRecord]) -> None:
        for row in rows:
            kept = [attempt.attempt for attempt in self._watch.attempts(run, row.seq)]
            if len(kept) != len(set(kept)):
                raise Violation(f"row {row.seq}: two ends of one attempt are kept: {kept}")
            missing = [
                number
                for number in range(1, row.attempt + 1)
                if number not in kept
                and not isinstance(self._accepted.get((TaskRef(run, row.seq), number), Expanded(0, None)), Expanded)
            ]
            if missing:
                raise Violation(f"row {row.seq}: accepted ends of attempts {missing} are not kept")


def _mark(completion: Completion) -> tuple[str, int]:
    return (completion.worker, completion.attempt)

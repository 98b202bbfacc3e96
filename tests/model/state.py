"""One state of the model: a store, what each worker has in its hands, and what was truly seen. An action makes another state of it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from flow_engine import states
from flow_engine.decisions.books import Report
from flow_engine.errors import LostOwnership
from flow_engine.model import (
    Cancelled,
    Claim,
    Completion,
    Failed,
    Hint,
    Lost,
    NewRun,
    Outcome,
    Released,
    RunEnd,
    Succeeded,
    TaskRef,
)
from flow_engine.stores.contract import Store
from flow_lang.bundle import bundle_hash, bundle_of
from flow_lang.plan import Plan
from simulation.checker import Violation, check_end, check_graph, check_rows
from simulation.live import live_graph

RUN, NOW = "run", 1000.0
Action = tuple[str, ...]
"""What happens, who does it, and to what: `("end", "A", "1", "ok")`."""
OUTCOMES: dict[str, Outcome] = {
    "ok": Succeeded('"ok"'),
    "fail": Failed("exit_1", '{"code": "exit_1"}'),
    "cancelled": Cancelled("asked"),
    "released": Released(),
}


class Budget(NamedTuple):
    """How often each kind of trouble may still come."""

    losses: int = 1
    failures: int = 1
    cancels: int = 1
    repeats: int = 1
    returns: int = 1


class Hands:
    """What one incarnation of a worker knows. `begun`: whether the body of a claim has started."""

    def __init__(self) -> None:
        self.hints: list[Hint] = []
        self.claims: dict[TaskRef, Claim] = {}
        self.begun: set[TaskRef] = set()
        self.inbox: list[Completion] = []
        self.cancelling = False
        self.finishing = False


Open = Callable[[Callable[[str], bool], Store | None], Store]
"""(which workers live, the first handle) -> another handle of the same state."""


class State:
    def __init__(self, plan: Plan, open_store: Open, budget: Budget) -> None:
        self.plan, self.budget = plan, budget
        self.dead: set[str] = set()
        self._open = open_store
        self.store = open_store(self.lives, None)
        self.hands: dict[str, Hands] = {}
        self._handles: dict[str, Store] = {}
        for who in ("A", "B"):
            self._join(who)
        self.past: list[Completion] = []
        self.held: dict[TaskRef, tuple[str, int]] = {}
        self.accepted: dict[tuple[TaskRef, int], str] = {}
        self.ran: set[tuple[TaskRef, int]] = set()
        bundle = bundle_of(plan)
        self.store.submit(NewRun(RUN, bundle_hash(bundle), plan, bundle, {}, "/tmp", NOW))

    @property
    def over(self) -> bool:
        return self.store.run(RUN).finished_at is not None

    def actions(self) -> Iterator[Action]:
        """All that may happen next."""
        budget, record = self.budget, self.store.run(RUN)
        if record.finished_at is not None:
            return  # `after_the_end` has the rest
        for who, hands in self.hands.items():
            if who not in self.dead:
                yield from self._of_the_living(who, hands, record.owner)
            if hands.hints:
                yield from (("claim", who, "1"), ("claim", who, "2"))
            for at in range(len(hands.inbox)):
                yield ("tell", who, str(at))
            if len(hands.inbox) + bool(hands.hints) > 1:
                yield ("both", who)
            if budget.repeats:
                yield from (("repeat", who, str(at)) for at in range(len(self.past)))
            if not hands.cancelling and who in (record.owner or "") and record.cancel_requested_at is not None:
                yield ("see", who)
            if hands.finishing:
                yield ("finish", who)
        if budget.cancels:
            yield ("cancel", "")

    def _of_the_living(self, who: str, hands: Hands, owner: str | None) -> Iterator[Action]:
        if owner != who:
            yield ("adopt", who)
        if self.budget.losses:
            yield ("lose", who)
        for task in hands.claims:
            seq = str(task.seq)
            if task not in hands.begun:
                yield ("begin", who, seq)
                if self.budget.returns or hands.cancelling:
                    yield ("end", who, seq, "released")
                continue
            yield ("end", who, seq, "ok")
            if self.budget.failures:
                yield ("end", who, seq, "fail")
            if hands.cancelling:
                yield ("end", who, seq, "cancelled")

    def after_the_end(self) -> Iterator[Action]:
        """What may still come, one message at a time: all of it is refused, and changes nothing."""
        for who, hands in self.hands.items():
            yield from (("tell", who, str(at)) for at in range(len(hands.inbox)))
            yield from [("claim", who, "2")] if hands.hints else []
            yield from [("finish", who)] if hands.finishing else []

    def act(self, action: Action) -> None:
        """Raises Violation."""
        what, who, *rest = action
        before = self.store.tasks(RUN, values=True)
        getattr(self, f"_{what}")(who, *rest)
        self._check(before)

    # -- what a worker does by itself

    def _begin(self, who: str, seq: str) -> None:
        claim = self.hands[who].claims[TaskRef(RUN, int(seq))]
        if (claim.task, claim.attempt) in self.ran:
            raise Violation(f"attempt {claim.attempt} of row {seq} begins twice")
        self.ran.add((claim.task, claim.attempt))
        self.hands[who].begun.add(claim.task)

    def _end(self, who: str, seq: str, how: str) -> None:
        task, hands = TaskRef(RUN, int(seq)), self.hands[who]
        claim = hands.claims.pop(task)
        hands.begun.discard(task)
        hands.inbox.append(Completion(task, claim.attempt, who, OUTCOMES[how], NOW, NOW))
        self._spend(failures=how == "fail", returns=how == "released" and not hands.cancelling)

    def _lose(self, who: str) -> None:
        """It is dead for the others. What it has said may still arrive, and it may try to go on; another life of it joins."""
        self.dead.add(who)
        self._join(f"{who}'")
        self._spend(losses=True)

    # -- transactions

    def _adopt(self, who: str) -> None:
        owner = self.store.run(RUN).owner
        adopted = self._handles[who].adopt(who, RUN, NOW)
        if adopted is None:
            if owner is None or owner in self.dead:
                raise Violation(f"{who} cannot take the run of {owner} over")
            return
        if owner is not None and owner not in self.dead:
            raise Violation(f"{who} has taken the run of {owner}, which lives")
        hands = self.hands[who]
        hands.hints = list(adopted.ready)
        for task, attempt, worker in adopted.in_flight:
            outcome = Lost("gone") if (task, attempt) in self.ran else Released()
            hands.inbox.append(Completion(task, attempt, worker, outcome))
        if adopted.record.cancel_requested_at is not None:
            self._tick(who, [], 0, cancel=True)
        hands.finishing = all(row.state in states.FINAL for row in self.store.tasks(RUN))

    def _claim(self, who: str, most: str) -> None:
        self._tick(who, [], int(most))

    def _tell(self, who: str, at: str) -> None:
        self._tick(who, [self.hands[who].inbox.pop(int(at))], 0)

    def _both(self, who: str) -> None:
        hands = self.hands[who]
        told, hands.inbox = hands.inbox, []
        self._tick(who, told, 2)

    def _repeat(self, who: str, at: str) -> None:
        """A message of the past comes again, by whatever way."""
        self._spend(repeats=True)
        self._tick(who, [self.past[int(at)]], 0)

    def _see(self, who: str) -> None:
        self._tick(who, [], 0, cancel=True)

    def _cancel(self, _: str) -> None:
        self._spend(cancels=True)
        self.store.request_cancel(RUN, NOW)

    def _finish(self, who: str) -> None:
        try:
            self._handles[who].finish(who, NOW, [RunEnd(RUN, None, None)])
        except LostOwnership:
            if self.store.run(RUN).owner == who:
                raise
        else:
            record = self.store.run(RUN)
            check_end(self.plan, record, self.store.tasks(RUN, values=True))
        self.hands[who].finishing = False

    def _tick(self, who: str, told: list[Completion], want: int, cancel: bool = False) -> None:
        hands = self.hands[who]
        owned = self.store.run(RUN).owner == who
        hints, hands.hints = hands.hints[:want], hands.hints[want:]
        was_told = hands.cancelling
        hands.cancelling = hands.cancelling or cancel
        report = Report(tuple(told), (), (RUN,) if cancel else ())
        tick = self._handles[who].tick(who, NOW, report, hints, want)
        hands.hints += tick.ready
        hands.finishing = hands.finishing or bool(tick.finishing)
        self._accept(who, told, list(tick.refused), owned)
        for claim in tick.claims:
            if was_told or cancel:
                raise Violation(f"{who} knows of the cancellation and claims {claim}")
            self._claimed(who, claim, owned)
        if self.budget.repeats:
            # that a claim was given back must not be told twice: the next claim has the same attempt, and the fence cannot tell
            new = [one for one in told if one not in self.past and not isinstance(one.outcome, Released)]
            self.past = (self.past + new)[-2:]

    def _accept(self, who: str, told: list[Completion], refused: list[TaskRef], owned: bool) -> None:
        for completion in told:
            task, mark = completion.task, (completion.worker, completion.attempt)
            rightly = owned and self.held.get(task) == mark
            if task in refused:
                refused.remove(task)
                if rightly:
                    raise Violation(f"refused, and {who} has it: {completion}")
                continue
            if not rightly:
                raise Violation(f"accepted, and {self.held.get(task)} has it: {completion}")
            del self.held[task]
            if not isinstance(completion.outcome, Released):
                if (task, completion.attempt) in self.accepted:
                    raise Violation(f"a second end of one attempt: {completion}")
                self.accepted[(task, completion.attempt)] = type(completion.outcome).__name__

    def _claimed(self, who: str, claim: Claim, owned: bool) -> None:
        if not owned or claim.task in self.held:
            raise Violation(f"{who} claims {claim}, which {self.held.get(claim.task)} has")
        if (claim.task, claim.attempt) in self.accepted:
            raise Violation(f"{who} claims an attempt that has ended: {claim}")
        self.held[claim.task] = (who, claim.attempt)
        self.hands[who].claims[claim.task] = claim
        self.hands[who].begun.discard(claim.task)

    # -- what must hold

    def _check(self, before: list[object]) -> None:
        rows, record = self.store.tasks(RUN, values=True), self.store.run(RUN)
        check_rows(self.plan, rows)
        for old, new in zip(before, rows, strict=True):
            if old.state in states.FINAL and old != new:  # type: ignore[attr-defined]
                raise Violation(f"a final row has changed: {old} -> {new}")
        flying = {TaskRef(RUN, row.seq): (row.worker, row.attempt) for row in rows if row.state in states.IN_FLIGHT}
        if flying != self.held:
            raise Violation(f"in flight by the rows: {flying}; claimed: {self.held}")
        for (task, attempt), how in self.accepted.items():
            row = rows[task.seq]
            if how == "Succeeded" and (row.state, row.attempt) != (states.SUCCEEDED, attempt):
                raise Violation(f"attempt {attempt} has succeeded, and the row is {row}")
        for kept in getattr(self.store, "_runs", {}).values():
            kept.events.clear()  # a mere record, which would make each way another state
        if record.owner in self.hands and record.finished_at is None:
            check_graph(self.plan, rows, live_graph(self._handles[record.owner or ""], record.owner or "", RUN))

    def seen(self) -> tuple[object, ...]:
        """All that it is besides the store, in an order of its own."""
        hands = [
            (who, h.hints, sorted(h.claims.items()), sorted(h.begun), h.inbox, h.cancelling, h.finishing)
            for who, h in sorted(self.hands.items())
        ]
        truth = (sorted(self.held.items()), sorted(self.accepted.items()), sorted(self.ran))
        return (self.budget, sorted(self.dead), hands, self.past, truth)

    def close(self) -> None:
        for store in {id(store): store for store in (self.store, *self._handles.values())}.values():
            store.close()

    def _join(self, who: str) -> None:
        self.hands[who], self._handles[who] = Hands(), self._open(self.lives, self.store)

    def _spend(self, **kinds: bool) -> None:
        self.budget = self.budget._replace(
            **{kind: getattr(self.budget, kind) - 1 for kind, spent in kinds.items() if spent}
        )

    def lives(self, worker: str) -> bool:
        return worker not in self.dead

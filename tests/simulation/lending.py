"""Tasks that one worker of the simulation lends to another: what the real ones do between two transactions (flow_runtime/lending)."""

import random
from collections.abc import Callable

from flow_engine import states
from flow_engine.model import Ask, Cancelled, Claim, Completion, Hint, InFlight, Lost, Outcome, Room, Started, TaskRef
from flow_engine.stores.contract import Store
from flow_engine.stores.mail import LoanKey, Mail, answer_message, end_message, room_message, start_message
from flow_lang.plan import MAIN, Plan
from flow_runtime.news import spare_of

from simulation.actor import Actor, Flying

Ends = Callable[[Actor, Claim, bool], Outcome]


class Lending:
    """`watch` is a handle of the state that belongs to no worker; `dead` those who are taken for dead."""

    def __init__(self, watch: Store, draw: random.Random, dead: set[str]) -> None:
        self._watch, self._draw, self._dead = watch, draw, dead

    # -- who borrows

    def borrow(self, actor: Actor, runs: list[str], now: float, ends: Ends) -> int:
        """Says that it has room, takes what was lent, and leaves how it ended: how many have."""
        self._ask(actor, runs)
        box = actor.store.mailbox(actor.name)
        there = {(loan.claim.task, loan.claim.attempt): loan for loan in box.loans}
        actor.loans = {key: flying for key, flying in actor.loans.items() if key in there}
        for key, loan in there.items():
            if key not in actor.loans and key[0].run not in actor.runs:
                actor.loans[key] = Flying(loan.claim, begun=False)
        ended = [key for key in actor.loans if key[0].run not in actor.runs and self._draw.random() < 0.4]
        for key in ended:
            claim, begun = actor.loans.pop(key)
            if begun or self._draw.random() < 0.3:
                actor.store.leave([start_message(Started(claim.task, claim.attempt, actor.name, now, None))])
            outcome = Cancelled("asked") if there[key].end else ends(actor, claim, begun)
            answer = answer_message(Completion(claim.task, claim.attempt, actor.name, outcome, now, now))
            for _ in range(2 if self._draw.random() < 0.1 else 1):
                actor.store.leave([answer])
        return len(ended)

    def _ask(self, actor: Actor, runs: list[str]) -> None:
        records = [self._watch.run(run) for run in runs]
        others = [one.id for one in records if one.finished_at is None and one.owner not in (None, actor.name)]
        if others and self._draw.random() < 0.6:
            self._leave_room(actor, self._draw.choice(others))

    def room(self, actor: Actor, run: str) -> None:
        """Tells the owner of a run that was told to have work."""
        record = self._watch.run(run)
        if record.finished_at is None and record.owner not in (None, actor.name):
            self._leave_room(actor, run)

    def _leave_room(self, actor: Actor, run: str) -> None:
        labels = tuple(sorted(actor.labels or ()))
        actor.store.leave([room_message(Room(run, actor.name, self._draw.randint(1, 3), labels))])

    # -- who owns

    def read(self, actor: Actor, calm: bool) -> Mail:
        if not calm and self._draw.random() < 0.4:
            return Mail([], [], [])
        return actor.store.mail(actor.name)

    def lost(self, actor: Actor, calm: bool) -> list[Completion]:
        """What dead borrowers had."""
        if not calm and self._draw.random() < 0.6:
            return []
        dead = [key for key in self._loans(actor) if key.worker in self._dead]
        return [Completion(TaskRef(key.run, key.seq), key.attempt, key.worker, Lost("gone")) for key in dead]

    def asks(self, actor: Actor, rooms: list[Room], hints: list[Hint]) -> list[Ask]:
        """Of these hints, which the actor does not take itself; now and then some that the other one has not the labels for."""
        left = list(hints)
        asks: list[Ask] = []
        for room in rooms:
            if room.worker != actor.name:
                fit = [hint for hint in left if self._may_ask(hint, room)][: room.tasks]
                asks += [Ask(hint, room.worker, room.labels) for hint in fit]
                left = [hint for hint in left if hint not in fit]
        return asks

    def spare(self, actor: Actor, rooms: list[Room], asks: list[Ask]) -> list[Room]:
        """For what becomes ready in the tick and the actor has not the labels for."""
        return [] if actor.draining or actor.labels is None else spare_of(actor.name, rooms, asks)

    def _may_ask(self, hint: Hint, room: Room) -> bool:
        return not hint.labels or {*room.labels}.issuperset(hint.labels) or self._draw.random() < 0.1

    def end(self, actor: Actor, run: str, plan: Plan) -> None:
        """What is lent of the main part; once that is over, all that is lent handles the end."""
        tasks, tallies = plan.workflow.tasks, actor.store.tallies(run)
        if any(tasks[tally.node].phase == MAIN and tally.state not in states.FINAL for tally in tallies):
            actor.store.leave([end_message(key, "cancelled") for key in self._loans(actor) if key.run == run])

    def adopted(self, actor: Actor, run: str, in_flight: list[InFlight]) -> list[InFlight]:
        """What nobody works on any more; what it has borrowed itself it goes on with."""
        loans, left = actor.store.loans(run), []
        for flight in in_flight:
            task, attempt, worker = flight
            key = LoanKey(*task, attempt, worker)
            if worker == actor.name and (task, attempt) in actor.loans:
                actor.flying[task] = actor.loans.pop((task, attempt))
            elif key not in loans or worker in self._dead or worker == actor.name:
                left.append(flight)
        return left

    def _loans(self, actor: Actor) -> list[LoanKey]:
        return sorted(key for run in sorted(actor.runs) for key in actor.store.loans(run))

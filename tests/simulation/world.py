"""The invented world: workers that die, sleep and wake, messages that come late, twice or from the past, runs that are cancelled."""

import random
from collections.abc import Iterator
from contextlib import nullcontext

from flow_engine.decisions.books import Report
from flow_engine.errors import LostOwnership, StoreError
from flow_engine.model import (
    Ask,
    Claim,
    Completion,
    Hint,
    Lost,
    NewRun,
    Outcome,
    Released,
    Started,
    Tick,
)
from flow_engine.stores.contract import Store
from flow_engine.stores.mail import Mail
from flow_engine.stores.postgres import PostgresStore
from flow_lang.bundle import bundle_hash, bundle_of
from flow_lang.plan import Plan
from support.shared_queues import LEASE, Service
from support.stores import Open

from simulation.actor import Actor, Flying
from simulation.broken_writes import BrokenWrites
from simulation.checker import Violation, check_end, check_graph
from simulation.exchange import Exchange
from simulation.labels import Labels
from simulation.ledger import Ledger
from simulation.lending import Lending
from simulation.limits import Limits
from simulation.live import live_graph
from simulation.messages import Messages
from simulation.outcomes import Outcomes
from simulation.plans import random_plan
from simulation.server_faults import ServerFaults
from simulation.suspended import Suspender
from simulation.watch import Watch

CALM_STEPS = 3000
"""Steps in which every run must end once nothing goes wrong any more."""


class World:
    """One simulation. All that happens follows from the seed."""

    def __init__(
        self, seed: int, open_store: Open, failure: Exception | None = None, service: Service | None = None
    ) -> None:
        """`failure`: what a write raises that fails, where the store has any. `service`: the queue that the workers share, if they do."""
        self.draw = random.Random(seed)
        self.now = 1000.0
        self.dead: set[str] = set()
        self.actors: list[Actor] = []
        self.counts: dict[str, int] = {}
        self._open_store = open_store
        self._reads = Watch()
        self._faults = ServerFaults(random.Random(~seed), self._count, self._meanwhile)
        self._broken = BrokenWrites(self.draw, failure, self._faults)
        self._watch = self._open()
        self._reads.quicken(self._watch)
        self._plans: dict[str, Plan] = {}
        self._ledger = Ledger(self._watch, self._plans)
        self._messages = Messages(self.draw)
        self._overtaken: set[str] = set()
        """Workers whose runs another one was about to take over while their last transaction was under way."""
        self._ended: set[str] = set()
        self._suspender = Suspender(self._watch, self.draw)
        self._outcomes = Outcomes(self._watch, self.draw, self._plans, self._suspender)
        self._limits = Limits(lambda worker: worker not in self.dead)
        self._labels = Labels(seed)
        self._concurrency = self.draw.choice([None, None, 1, 2])
        self._shared = self.draw.random() < 0.5
        self._lending = Lending(self._watch, self.draw, self.dead) if self.draw.random() < 0.5 else None
        self._exchange = None
        if service is not None:
            self._exchange = Exchange(service, self.draw, lambda: self.now, self._count)
            assert isinstance(self._watch, PostgresStore)
            self._watch.announce = self._exchange.cry

    def live_through(self, steps: int) -> None:
        """A time of trouble, and then a calm one in which every run must end."""
        for number in range(self.draw.randint(1, 3 if self._shared else 5)):
            self._submit(f"run-{number}")
        self._join()
        for _ in range(steps):
            self._happen()
        for actor in list(self.actors):
            self._die(actor)
        self._faults.calm = True
        if self._exchange is not None:
            self._exchange.faults.calm = True
        self._calm()
        if self._exchange is not None:
            self.now += 2 * LEASE  # nobody knows of those whose answer was lost
            self._exchange.drain(self._ended)

    # -- what may happen

    def _happen(self) -> None:
        self.now += self.draw.choice([0.0, 0.01, 0.5, 5.0, 30.0])
        if self._exchange is not None:
            self.now += 0.001  # no two runs are of one time, so that the order of their hints is told
            self._exchange.disturb()
        while self._lending is not None and len(self.actors) < 3:
            self._join()
        chance = self.draw.random()
        actor = self.draw.choice(self.actors) if self.actors else self._join()
        if chance < 0.04:
            self._die(actor)
        elif chance < 0.07:
            self.dead.add(actor.name)  # it sleeps: others take its runs over, and it wakes not knowing
            self._count("slept")
        elif chance < 0.08:
            actor.drain(self.now)
        elif chance < 0.10:
            self._join()
        elif chance < 0.14:
            run = self.draw.choice(sorted(self._plans))
            self._count_all("signals", self._suspender.signal_all(run, self.now, 0.5))
        elif chance < 0.15:
            run = self.draw.choice(sorted(self._plans))
            self._watch.request_cancel(run, self.now)
            self._count("cancel requested")
        else:
            self._work(actor)

    def _work(self, actor: Actor, calm: bool = False) -> None:
        if actor.name not in self.dead and not actor.draining:
            self._adopt(actor, calm)
        self._end_some(actor, calm)
        if self._lending is not None and not calm:
            lent = self._lending.borrow(actor, sorted(self._plans), self.now, self._lent_outcome)
            self._count_all("lent ends", lent)
        if not calm:
            self._messages.disturb(actor)
        self._tick(actor, calm)
        if actor not in self.actors:
            return
        self._offer(actor)
        if calm or self.draw.random() < 0.8:
            self._finish(actor)
        if actor not in self.actors:
            return
        if actor.draining and not actor.flying and not actor.inbox and not actor.cancels:
            actor.store.abandon(actor.name)
            self._die(actor)

    def _calm(self) -> None:
        actor = self._join()
        actor.labels = self._labels.of_all(actor.name)
        for _ in range(CALM_STEPS):
            if len(self._ended) == len(self._plans):
                return
            self.now += 1.0 if self.draw.random() < 0.8 else 60.0
            for run in sorted(self._plans):
                self._count_all("signals", self._suspender.signal_all(run, self.now, 0.2))
            self._work(actor, calm=True)
        stuck = {
            run: [row.state for row in self._watch.tasks(run, values=True)]
            for run in self._plans
            if run not in self._ended
        }
        raise Violation(f"accepted and never ended: {stuck}")

    def _submit(self, run: str) -> None:
        plan = self._labels.put_on(random_plan(self.draw, self._concurrency, self._shared))
        bundle = bundle_of(plan)
        self._plans[run] = plan
        self._watch.submit(NewRun(run, bundle_hash(bundle), plan, bundle, {}, "/tmp", self.now))
        self._ledger.look(run)

    def _join(self) -> Actor:
        name = f"w{self._count('workers')}"
        actor = Actor(name, self._open(), self._labels.of_worker(name))
        if self._exchange is not None:
            assert isinstance(actor.store, PostgresStore)
            actor.queue = self._exchange.join(actor.store)
        self.actors.append(actor)
        return actor

    def _open(self) -> Store:
        store = self._open_store(lambda worker: worker not in self.dead, self.draw.random)
        self._reads.add(store)
        self._faults.beset(store)
        return store

    def _die(self, actor: Actor) -> None:
        self.dead.add(actor.name)
        self.actors.remove(actor)
        if actor.store is not self._watch:
            actor.store.close()
        self._count("died")

    def _adopt(self, actor: Actor, calm: bool = False) -> None:
        for run in self._wanted(actor, calm):
            before = self._watch.run(run)
            free = before.finished_at is None and (before.owner is None or before.owner in self.dead)
            adopted = actor.store.adopt(actor.name, run, self.now) if before.owner != actor.name else None
            if adopted is None:
                if actor.queue is not None and self._lending is not None and before.owner != actor.name:
                    self._lending.room(actor, run)
                continue
            if not free:
                raise Violation(f"{run} was taken from {before.owner}, which lives")
            flights = adopted.in_flight
            if self._lending is not None:
                flights = self._lending.adopted(actor, run, flights)
            lost = [
                Completion(task, attempt, worker, Lost("gone") if self.draw.random() < 0.7 else Released())
                for task, attempt, worker in flights
            ]
            actor.take(adopted, lost)
            if self._is_over(adopted.record.parent):
                actor.cancels.append(run)
                self._watch.request_cancel(run, self.now)
            self._count("adopted")

    def _wanted(self, actor: Actor, calm: bool) -> Iterator[str]:
        """Where a worker hears of runs: of the queue, and now and then in the database; and of some that it has no business with."""
        if self._exchange is not None and actor.queue is not None:
            yield from self._exchange.wanted(actor.queue, calm)
            if calm or self.draw.random() < 0.8:
                return  # what nobody looks for comes by the queue alone
        yield from actor.store.unowned(self.draw.choice([1, 100]))  # of a sleeper's runs some are taken, or all
        yield self.draw.choice(sorted(self._plans))

    def _offer(self, actor: Actor) -> None:
        """Runs of which more is due than the worker takes."""
        if self._exchange is None or actor.queue is None:
            return
        runs = {hint.task.run for hint in actor.hints if not hint.alarm and hint.due <= self.now}
        records = [self._watch.run(run) for run in sorted(runs & actor.runs)]
        self._exchange.offer(actor.queue, [one for one in records if one.finished_at is None])

    def _meanwhile(self, store: Store) -> None:
        """While the server does not answer a worker, it may be taken for dead, and another one takes its runs over."""
        lost = next((actor for actor in self.actors if actor.store is store), None)
        if self._exchange is None or lost is None or self.draw.random() < 0.6:
            return
        self.dead.add(lost.name)
        others = [actor for actor in self.actors if actor is not lost and actor.name not in self.dead]
        other = self.draw.choice(others) if others else self._join()
        if not other.draining:
            self._overtaken.add(lost.name)
            self._adopt(other)
            self._count("overtaken while the server was away")

    def _is_over(self, parent: str | None) -> bool:
        """Whether a child run that is taken over has nobody who waits for it."""
        if parent is None:
            return False
        record = self._watch.run(parent)
        return record.finished_at is not None or record.cancel_requested_at is not None

    def _end_some(self, actor: Actor, calm: bool) -> None:
        for task, (claim, begun) in list(actor.flying.items()):
            if self.draw.random() < (0.8 if calm else 0.4):
                del actor.flying[task]
                outcome = self._outcomes.outcome(actor.name, claim, begun, task.run in actor.cancels, self.now)
                actor.inbox.append(Completion(task, claim.attempt, actor.name, outcome, self.now, self.now))

    def _lent_outcome(self, actor: Actor, claim: Claim, begun: bool) -> Outcome:
        return self._outcomes.outcome(actor.name, claim, begun, False, self.now)

    # -- one transaction, and what is checked of it

    def _tick(self, actor: Actor, calm: bool) -> None:
        own = actor.inbox if calm else actor.inbox[: self.draw.randint(0, len(actor.inbox))]
        want = 0 if actor.draining else self.draw.randint(1 if calm else 0, 6)
        if self._lending is not None and not calm and self.draw.random() < 0.7:
            want = 0  # its slots are full
        early = not calm and self.draw.random() < 0.1
        alarms = [hint for hint in actor.hints if hint.alarm and hint.due <= self.now]
        actor.hints = [hint for hint in actor.hints if hint not in alarms]
        actor.wakes += [hint.task for hint in alarms]
        if calm or self.draw.random() < 0.5:
            actor.wakes += actor.store.arrivals(actor.name)
        due = [hint for hint in actor.hints if not hint.alarm and (early or hint.due <= self.now)]
        hints = due[:want]
        actor.cancels += [run for run in actor.store.cancel_requests(actor.name) if run in actor.runs]
        for run in actor.cancels:
            self._end_children(run)
            if self._lending is not None:
                self._lending.end(actor, run, self._plans[run])
        mail, told, asks = self._mail(actor, own, due[want:], calm)
        wakes, actor.wakes = tuple(dict.fromkeys(actor.wakes)), []
        started = (*self._started(actor), *mail.started)
        cancels = tuple(sorted(set(actor.cancels)))
        settled = [(*one.task, one.attempt, one.worker) for one in mail.answers if one.worker == actor.name]
        spare = self._lending.spare(actor, mail.rooms, asks) if self._lending is not None else []
        report = Report(tuple(told), started, cancels, (), wakes, asks, mail.rooms, settled, actor.labels, spare)
        before = dict(self._ledger.seen)
        self._overtaken.clear()
        broken = not calm and self.draw.random() < 0.02
        try:
            with self._broken.of(actor.store) if broken else nullcontext():
                tick = actor.store.tick(actor.name, self.now, report, hints, want)
        except StoreError as error:
            overtaken = isinstance(error, LostOwnership) and actor.name in self._overtaken
            if not (broken or overtaken):
                raise Violation("the store's own fence had to stop what the decisions let through") from error
            self._die(actor)
            for run in self._plans:
                if self._watch.tasks(run, values=True) != before[run]:
                    raise Violation("a transaction that failed has left something behind") from None
            self._count("overtaken ticks" if overtaken else "failed transactions")
            return
        actor.inbox = actor.inbox[len(own) :]
        actor.cancels = []
        for hint in [*hints, *(ask.hint for ask in asks)]:
            if hint.due <= self.now:
                actor.hints.remove(hint)
        actor.hints += tick.ready
        actor.finishing += tick.finishing
        self._note(actor, told, tick)
        for run in tick.stopping:
            self._end_children(run)
        self._count("ticks")

    def _mail(
        self, actor: Actor, own: list[Completion], left: list[Hint], calm: bool
    ) -> tuple[Mail, list[Completion], list[Ask]]:
        """What others have left for this worker, all that it reports, and what it gives to those who have room."""
        if self._lending is None:
            return Mail([], [], []), own, []
        mail = self._lending.read(actor, calm)
        told = [*mail.answers, *own, *self._lending.lost(actor, calm)]
        due = [hint for hint in left if hint.due <= self.now]
        return mail, told, self._lending.asks(actor, mail.rooms, due)

    def _started(self, actor: Actor) -> tuple[Started, ...]:
        begun = []
        for task, flying in actor.flying.items():
            if not flying.begun and not flying.claim.expands and self.draw.random() < 0.5:
                actor.flying[task] = flying._replace(begun=True)
                begun.append(Started(task, flying.claim.attempt, actor.name, self.now, None))
        return tuple(begun)

    def _note(self, actor: Actor, told: list[Completion], tick: Tick) -> None:
        self._count_all("refused", self._ledger.completed(actor.name, told, tick.refused))
        for claim in tick.claims:
            self._ledger.claimed(claim, actor.name, self.now)
            actor.flying[claim.task] = Flying(claim, begun=False)
        for worker, claim in tick.lent:
            self._ledger.claimed(claim, worker, self.now)
        self._count_all("claims", len(tick.claims))
        self._count_all("lent", len(tick.lent))
        self._messages.told(told)
        for run in self._plans:
            self._ledger.look(run)
        records = {run: self._watch.run(run) for run in self._plans}
        claims = [*tick.claims, *(claim for _, claim in tick.lent)]
        owned = [(actor.name, claim) for claim in tick.claims]
        self._count_all("claims by labels", self._labels.check(self._plans, [*owned, *tick.lent]))
        self._limits.check(self._plans, self._ledger.seen, records, claims, self.now)
        self._begin_children(actor, tick)
        for run in self._plans:
            if self._watch.run(run).owner == actor.name:
                check_graph(self._plans[run], self._ledger.seen[run], live_graph(actor.store, actor.name, run))

    def _begin_children(self, actor: Actor, tick: Tick) -> None:
        for child in tick.begun:
            self._plans[child.id] = child.plan
            adopted = actor.store.adopt(actor.name, child.id, self.now)
            if adopted is None:
                raise Violation(f"the child run {child.id} is not that of who began it")
            actor.take(adopted, [])
            self._ledger.look(child.id)
            self._count("child runs")

    def _end_children(self, run: str) -> None:
        for child in self._watch.children(run):
            self._watch.request_cancel(child, self.now)

    def _finish(self, actor: Actor) -> None:
        try:
            ended = actor.finish(self.now)
        except LostOwnership:
            self._die(actor)
            return
        for run in ended:
            self._ended.add(run)
            record = self._watch.run(run)
            check_end(self._plans[run], record, self._watch.tasks(run, values=True))
            self._ledger.look(run)
            self._ledger.check_all_attempts(run)
            self._check_children(run)
            self._count(f"runs {record.state}")

    def _check_children(self, run: str) -> None:
        left = [child for child in self._watch.children(run) if self._watch.run(child).cancel_requested_at is None]
        if left:
            raise Violation(f"{run} has ended, and its child runs {left} go on")

    def _count(self, what: str) -> int:
        return self._count_all(what, 1)

    def _count_all(self, what: str, number: int) -> int:
        self.counts[what] = self.counts.get(what, 0) + number
        return self.counts[what]

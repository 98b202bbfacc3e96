"""Waits and child runs of the simulation: what a worker says of a task that goes on later."""

import random
from typing import NamedTuple

from flow_engine import states
from flow_engine.model import Awaits, Claim, Failed, NewRun, Outcome, Signal, Succeeded, Suspended
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan

BODIES = ("wait", "child")


class Suspender(NamedTuple):
    """`watch` is a handle of the state that belongs to no worker."""

    watch: Store
    draw: random.Random

    def outcome(self, plan: Plan, plan_hash: str, claim: Claim, worker: str, now: float) -> Outcome:
        body = plan.workflow.tasks[claim.node].body
        if claim.awaits is not None:
            return self._go_on(claim, claim.awaits, now)
        if body.kind == "wait":
            return Suspended(self._awaits(claim, now))
        name = f"{claim.task.run}.{claim.task.seq}.{claim.attempt}.{self.draw.randrange(10**6)}"
        child = plan._replace(entry=body.function)
        new = NewRun(name, plan_hash, child, "", {}, "/tmp", now, owner=worker, parent=claim.task)
        return Suspended(Awaits("child", name, body.function, self._due(claim, now)), new)

    def signal_all(self, run: str, now: float, chance: float) -> int:
        """Sends what waits of the run wait for, each by chance, some of it twice. How much was sent."""
        sent = 0
        if self.watch.run(run).finished_at is not None:
            return sent
        for row in self.watch.tasks(run):
            name = name_of(row.seq)
            for kind in ("event", "approval"):
                while row.awaits and f'"{kind}"' in row.awaits and self.draw.random() < chance and sent < 50:
                    self.watch.send(run, Signal(kind, name, "true", now))
                    sent += 1
        return sent

    def _awaits(self, claim: Claim, now: float) -> Awaits:
        kind, due = self.draw.choice(["event", "approval", "timer"]), self._due(claim, now)
        if kind == "timer":
            until = now + self.draw.choice([0.0, 2.0, 50.0])
            return Awaits("timer", str(until), "", min(until, due) if due is not None else until)
        return Awaits(kind, name_of(claim.task.seq), "", due)

    def _due(self, claim: Claim, now: float) -> float | None:
        times = [] if claim.deadline is None else [claim.deadline]
        if self.draw.random() < 0.4:
            times.append(now + self.draw.choice([1.0, 40.0]))
        return min(times, default=None)

    def _go_on(self, claim: Claim, awaits: Awaits, now: float) -> Outcome:
        if awaits.kind == "child":
            child = self.watch.run(awaits.name)
            if child.state == states.SUCCEEDED:
                return Succeeded(f'"{awaits.name}"')
            if child.finished_at is not None:
                return Failed("child_failed", '{"code": "child_failed"}', self.draw.random() < 0.5)
        elif (awaits.kind == "timer" and now >= float(awaits.name)) or any(
            (one.kind, one.name) == (awaits.kind, awaits.name) for one in self.watch.signals(claim.task.run)
        ):
            return Succeeded(f'"{awaits.name}"')
        if awaits.due is None or now < awaits.due:
            return Suspended(awaits)
        if awaits.kind == "child":
            self.watch.request_cancel(awaits.name, now)
        late = claim.deadline is not None and now >= claim.deadline
        return Failed("deadline" if late else "timeout", '{"code": "timeout"}', not late)


def name_of(seq: int) -> str:
    return f"s{seq}"

"""Fires the schedules of a state. Any number of schedulers may do so at once: the store decides each instant once."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from flow_engine.crash_points import reached
from flow_engine.errors import FlowError, StoreError
from flow_engine.ids import later_id
from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import Store

from flow_runtime.schedules.decide import CANCEL, FIRE, FULL, HOLD, SKIP, Decision, decide
from flow_runtime.schedules.firings import firings
from flow_runtime.schedules.specs import run_for, schedule_of

LOOK = 0.5
"""Seconds between two looks at the schedules, which somebody may have deployed, paused or removed."""
ASIDE = 60.0
"""Seconds that a schedule which cannot be fired is left alone."""


class Told(NamedTuple):
    """What was done about an instant; `run` is there where it has one. `created` is False where another scheduler was first.
    `cancelled` are the runs that had to make room."""

    schedule: str
    instant: datetime
    act: str
    run: str = ""
    created: bool = False
    cancelled: tuple[str, ...] = ()


class Scheduler:
    """`tell` hears of each instant, `warn` of what cannot be fired: the schedule, and why. `stopped` is asked between two instants: what is
    left is due again at the next start."""

    def __init__(
        self,
        store: Store,
        tell: Callable[[Told], None],
        warn: Callable[[str, str], None],
        clock: Callable[[], float] = time.time,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store, self._tell, self._warn, self._clock, self._stopped = store, tell, warn, clock, stopped
        self._aside: dict[str, tuple[ScheduleRecord, float]] = {}
        self._next: dict[tuple[str, float], float] = {}

    def step(self) -> float:
        """Acts on what is due; how many seconds there are until there is something to look at. Raises StoreError."""
        now = self._clock()
        soonest = now + LOOK
        for record in self._store.schedules():
            if self._stopped():
                break
            if record.paused_at is None and not self._set_aside(record, now):
                soonest = min(soonest, self._attend(record, now))
        return max(soonest - self._clock(), 0.0)

    def _attend(self, record: ScheduleRecord, now: float) -> float:
        """When it is next to be looked at. One that cannot be fired must not keep the others from it."""
        try:
            at = self._next_instant(record)
            if at <= now or record.held:
                self._act(record, now)
        except StoreError:
            raise
        except FlowError as error:
            self._aside[record.id] = (record, now + ASIDE)
            self._warn(record.id, f"{error}; trying again in {ASIDE:g} s")
            return now + ASIDE
        return at if at > now else now + LOOK

    def _act(self, record: ScheduleRecord, now: float) -> None:
        running = self._store.scheduled_runs(record.id)
        for decision in decide(schedule_of(record.spec), record.since, record.held, bool(running), now):
            if self._stopped():
                return
            told = self._decided(record, decision, running, now)
            if told is not None:
                self._tell(told)

    def _decided(self, record: ScheduleRecord, decision: Decision, running: list[str], now: float) -> Told | None:
        """None where another scheduler has decided otherwise, or somebody has paused or deployed it since."""
        instant, act = decision
        at = instant.timestamp()
        if act in (HOLD, SKIP, FULL):
            return Told(record.id, instant, act) if self._store.leave_out(record.id, at, act == HOLD) else None
        new = run_for(self._store, record, instant, later_id(self._store.newest(), now, os.urandom), now)
        reached("scheduler.due")
        submitted = self._store.fire(record.id, at, new)
        if submitted is None:
            return None
        # only whoever fired ends the others: a second scheduler would end the run that has just begun
        reached("scheduler.fired")
        room = running if act == CANCEL and submitted.created else []
        ended = tuple(run for run in room if self._store.request_cancel(run, now))
        return Told(record.id, instant, FIRE, submitted.run, submitted.created, ended)

    def _next_instant(self, record: ScheduleRecord) -> float:
        """The first instant that is not decided, in seconds since the epoch."""
        key = (record.id + record.spec, record.since)
        if key not in self._next:
            found = firings(schedule_of(record.spec), datetime.fromtimestamp(record.since, UTC), 1)
            self._next = {other: at for other, at in self._next.items() if not other[0].startswith(record.id + "{")}
            self._next[key] = found[0].timestamp() if found else float("inf")
        return self._next[key]

    def _set_aside(self, record: ScheduleRecord, now: float) -> bool:
        """One that was deployed anew is looked at at once."""
        was, until = self._aside.get(record.id, (None, 0.0))
        return was is not None and was.plan_hash == record.plan_hash and now < until

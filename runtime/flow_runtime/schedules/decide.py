"""What to do about each instant that is due: pure, by the schedule's overlap."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from flow_lang.plan import Schedule

from flow_runtime.schedules.firings import GRACE, MOST, due

FIRE, CANCEL, HOLD, SKIP, FULL = "fire", "cancel", "hold", "skip", "full"
"""Start a run; end those that run and start one; put the instant in line; leave it out; leave it out since the line is full."""
LINE = MOST
"""Instants that wait in line at most; what comes then is left out, and told."""


class Decision(NamedTuple):
    instant: datetime
    act: str


def decide(schedule: Schedule, since: float, held: Sequence[float], busy: bool, now: float) -> list[Decision]:
    """In the order in which to act. `busy`: a run that this schedule started has not ended; `held` are instants that wait for that.

    What was missed is made up for one run after the other, unless runs may overlap: `skip` and `cancel` speak of a run that the clock
    starts, and would leave nothing of `catchup = all`. Raises WrongSchedule.
    """
    moment = datetime.fromtimestamp(now, UTC)
    decisions = []
    line = list(held)
    if line and (not busy or schedule.overlap == "allow"):
        decisions.append(Decision(datetime.fromtimestamp(line.pop(0), UTC), FIRE))
        busy = True
    busy, waiting = busy or bool(line), len(line)
    for instant in due(schedule, datetime.fromtimestamp(since, UTC), moment):
        act = FIRE if not busy else _overlapping(schedule.overlap, late=instant < moment - GRACE)
        if act == HOLD and waiting >= LINE:
            act = FULL
        waiting += act == HOLD
        decisions.append(Decision(instant, act))
        busy = True
    return decisions


def _overlapping(overlap: str, late: bool) -> str:
    if overlap == "allow":
        return FIRE
    if overlap == "queue" or late:
        return HOLD
    return CANCEL if overlap == "cancel" else SKIP

"""Runs for the instants of a time that is over: on somebody's word and not by the clock."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from flow_engine.errors import FlowError
from flow_engine.ids import new_id
from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import Store

from flow_runtime.schedules.decide import FIRE
from flow_runtime.schedules.firings import between
from flow_runtime.schedules.scheduler import Told
from flow_runtime.schedules.specs import run_for, schedule_of

MOST = 10_000
"""Runs that one backfill may ask for."""


YEARS = range(2, 9900)
"""What a backfill may ask for: a zone moves a time by a day, and the next instant is looked for 50 years ahead."""


class TooMany(FlowError):
    pass


class WrongTime(FlowError):
    """What was given is no time, or none of a backfill."""


def backfill(
    store: Store, record: ScheduleRecord, start: datetime, end: datetime, clock: Callable[[], float] = time.time
) -> list[Told]:
    """Submits a run for each instant in [start, end]; those that have one already keep it. Nothing is submitted where one of them
    cannot be. Raises CannotFire, TooMany, WrongTime, StoreError."""
    news = []
    for instant in instants(record, start, end):
        now = clock()
        news.append((instant, run_for(store, record, instant, new_id(now, os.urandom), now)))
    told = []
    for instant, new in news:
        submitted = store.fire(record.id, instant.timestamp(), new, backfill=True)
        assert submitted is not None  # a backfill is never refused
        told.append(Told(record.id, instant, FIRE, submitted.run, submitted.created))
    return told


def backfill_documents(
    store: Store, record: ScheduleRecord, start: datetime, end: datetime, dry_run: bool
) -> list[dict[str, Any]]:
    """`{"instant", "run", "created"}` of each; with `dry_run` nothing is submitted, and they have the instant alone."""
    if dry_run:
        return [{"instant": instant.isoformat()} for instant in instants(record, start, end)]
    told = backfill(store, record, start, end)
    return [{"instant": one.instant.isoformat(), "run": one.run, "created": one.created} for one in told]


def instants(record: ScheduleRecord, start: datetime, end: datetime) -> list[datetime]:
    """Those in [start, end]. Raises TooMany and WrongTime."""
    if start.year not in YEARS or end.year not in YEARS:
        raise WrongTime(f"a time must be in the years {YEARS[0]} to {YEARS[-1]}")
    after = start.astimezone(UTC) - timedelta(microseconds=1)
    found = list(islice(between(schedule_of(record.spec), after, end), MOST + 1))
    if len(found) > MOST:
        raise TooMany(f"there are more than {MOST:,} instants from {start} to {end}; give a shorter time")
    return found

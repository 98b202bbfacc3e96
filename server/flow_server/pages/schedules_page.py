"""The schedules: when each fires next, and what it was made of last; held back, let go on, filled up, removed."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flow_engine.model import RunRecord
from flow_engine.schedules import ScheduleRecord, firing_key
from flow_engine.stores.contract import Store
from flow_lang.plan import Schedule
from flow_runtime.schedules.firings import WrongSchedule, firings, latest
from flow_runtime.schedules.specs import overdue, schedule_of
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.pages.names import id_in, part_of
from flow_server.pages.session_form import session_form
from flow_server.pages.show import show
from flow_server.services import services_of

HERE = "/schedules"
NEXT = 5
LAST = 10


class Firing(NamedTuple):
    """An instant in the schedule's zone, and its run, where it has one."""

    instant: datetime
    run: RunRecord | None = None

    @property
    def local(self) -> str:
        return f"{self.instant:%a %Y-%m-%d %H:%M} {self.instant.tzname()}"

    @property
    def utc(self) -> str:
        return f"{self.instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    @property
    def iso(self) -> str:
        return self.instant.isoformat()


class ScheduleView(NamedTuple):
    """`trouble` says why its instants cannot be told; `overdue`: an instant that should have fired and has not."""

    record: ScheduleRecord
    schedule: Schedule
    state: str
    next: list[Firing]
    last: list[Firing]
    trouble: str
    overdue: float | None

    @property
    def url(self) -> str:
        return url_of(self.record.id)


async def page(request: Request) -> Response:
    def values(store: Store) -> dict[str, Any]:
        return {"place": HERE, "views": [view_of(store, record, 1, 1) for record in store.schedules()]}

    return await show(request, "schedules.html", values)


async def one(request: Request) -> Response:
    return await shown(request, {}, "")


async def shown(request: Request, texts: Mapping[str, str], wrong: str, status: int = 200) -> Response:
    """`texts` are what the form of the backfill was given, and `wrong` what is wrong with them."""
    name = id_in(request)

    def values(store: Store) -> dict[str, Any]:
        view = view_of(store, store.schedule(name), NEXT, LAST)
        return {"place": HERE, "view": view, "texts": texts, "wrong": wrong}

    return await show(request, "schedule.html", values, status)


async def pause(request: Request) -> Response:
    return await _changed(request, lambda store, name: store.pause_schedule(name, time.time()))


async def resume(request: Request) -> Response:
    return await _changed(request, lambda store, name: store.resume_schedule(name, time.time()))


async def remove(request: Request) -> Response:
    await session_form(request)
    name = id_in(request)
    await services_of(request).stores.run(lambda store: store.remove_schedule(name))
    return RedirectResponse(HERE, 303)


def url_of(schedule: str) -> str:
    return f"{HERE}/{part_of(schedule)}"


def view_of(store: Store, record: ScheduleRecord, following: int, last: int) -> ScheduleView:
    """With so many of the instants to come, and of those that are over."""
    schedule, now = schedule_of(record.spec), datetime.now(UTC)
    state = "active" if record.paused_at is None else "paused"
    try:
        coming = [Firing(instant) for instant in firings(schedule, now, following)]
        over = [
            Firing(instant, _run_of(store, record, instant))
            for instant in reversed(latest(schedule, now, last))
            if instant.timestamp() >= record.created_at
        ]
        late = overdue(record, time.time())
    except WrongSchedule as error:
        return ScheduleView(record, schedule, state, [], [], str(error), None)
    return ScheduleView(record, schedule, state, coming, over, "", late)


def _run_of(store: Store, record: ScheduleRecord, instant: datetime) -> RunRecord | None:
    run = store.run_of_key(firing_key(_stored_id(record), instant.timestamp()), record.namespace)
    found = None if run is None else store.records([run]).get(run)
    return found if isinstance(found, RunRecord) else None


def _stored_id(record: ScheduleRecord) -> str:
    """Whoever is of one namespace sees the name alone."""
    return record.workflow if record.namespace == "default" else f"{record.namespace}/{record.workflow}"


async def _changed(request: Request, change: Callable[[Store, str], bool]) -> Response:
    await session_form(request)
    name = id_in(request)
    await services_of(request).stores.run(lambda store: change(store, name))
    return RedirectResponse(url_of(name), 303)

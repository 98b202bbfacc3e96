"""Runs for the instants of a time that is over: first which, then what became of them."""

from datetime import datetime, tzinfo
from typing import NamedTuple

from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import Store
from flow_runtime.schedules.backfill import TooMany, WrongTime, backfill_documents
from flow_runtime.schedules.firings import WrongSchedule, zone_of
from flow_runtime.schedules.specs import CannotFire, schedule_of
from starlette.requests import Request
from starlette.responses import Response

from flow_server.pages.names import id_in
from flow_server.pages.schedules_page import HERE, Firing, shown, url_of
from flow_server.pages.session_form import session_form
from flow_server.pages.show import show
from flow_server.services import services_of

SHOWN = 30
"""Instants that are named."""
LONGEST = 100
"""Characters of a time."""


class Filled(NamedTuple):
    """An instant, and where it was begun its run, which is new or was there before."""

    firing: Firing
    run: str
    created: bool


async def page(request: Request) -> Response:
    """Without `sure` it says what would happen. What is wrong with the times is told beside the form."""
    form = await session_form(request)
    name, is_sure = id_in(request), "sure" in form
    texts = {field: form.get(field, "").strip()[:LONGEST] for field in ("from", "to")}

    def job(store: Store) -> list[Filled]:
        return _filled(store, store.schedule(name), texts, dry_run=not is_sure)

    try:
        filled = await services_of(request).stores.run(job)
    except (WrongTime, WrongSchedule, CannotFire, TooMany) as error:
        return await shown(request, texts, str(error), 422)
    new = sum(one.created for one in filled)
    values = {"place": HERE, "name": name, "url": url_of(name), "texts": texts, "filled": filled, "new": new}
    return await show(request, "backfill.html", lambda _: {**values, "shown": SHOWN, "done": is_sure})


def _filled(store: Store, record: ScheduleRecord, texts: dict[str, str], dry_run: bool) -> list[Filled]:
    """Raises WrongTime, WrongSchedule, CannotFire and TooMany; then nothing was begun."""
    zone = zone_of(schedule_of(record.spec).tz)
    start, end = _moment(texts["from"], zone), _moment(texts["to"], zone)
    if end < start:
        raise WrongTime("the end is before the beginning")
    found = backfill_documents(store, record, start, end, dry_run)
    return [
        Filled(
            Firing(datetime.fromisoformat(one["instant"]).astimezone(zone)),
            one.get("run", ""),
            one.get("created", False),
        )
        for one in found
    ]


def _moment(text: str, zone: tzinfo) -> datetime:
    """A time without a zone is in the schedule's. Raises WrongTime."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WrongTime(f"{text!r} is no time; write 2026-03-28, 2026-03-28T12:00 or 2026-03-28T12:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)

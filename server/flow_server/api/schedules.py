"""The schedules of deployed workflows."""

import time
from datetime import datetime

from flow_client.documents import (
    BackfillDocument,
    ChangedSchedule,
    ScheduleDocument,
    SchedulesDocument,
)
from flow_engine.stores.contract import Store
from flow_runtime.schedules.backfill import TooMany, WrongTime, backfill_documents
from flow_runtime.schedules.document import schedule_document
from flow_runtime.schedules.specs import CannotFire
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.documents import answer, json_bytes
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import Body, wrong_field

ZONED = "is a time with a zone, as in 2026-03-28T12:00:00+01:00"


class BackfillFields(Body):
    """A time, from its first instant to its last."""

    from_: str = Field(alias="from", description="a time with a zone, as in 2026-03-28T12:00:00+01:00")
    to: str = Field(description="a time with a zone, not before `from`")
    dry_run: bool | None = Field(None, description="true or false: whether to tell the instants alone")


@operation(
    "listSchedules",
    "GET",
    API + "/schedules",
    "The schedules",
    tag="workflows",
    answers={200: Answer("By name.", SchedulesDocument)},
)
async def schedules(request: Request) -> Response:

    def job(store: Store) -> bytes:
        return json_bytes({"schedules": [schedule_document(record) for record in store.schedules()]})

    return answer(await services_of(request).stores.run(job))


@operation(
    "removeSchedule",
    "DELETE",
    API + "/schedules/{name}",
    "Forget a schedule",
    tag="workflows",
    answers={204: Answer("It is forgotten.", media=())},
    problems=("unknown-schedule",),
)
async def remove(request: Request) -> Response:
    """Its runs stay."""
    name = request.path_params["name"]
    await services_of(request).stores.run(lambda store: store.remove_schedule(name))
    return Response(status_code=204)


@operation(
    "getSchedule",
    "GET",
    API + "/schedules/{name}",
    "A schedule",
    tag="workflows",
    answers={200: Answer("The schedule.", ScheduleDocument)},
    problems=("unknown-schedule",),
)
async def schedule(request: Request) -> Response:
    services, name = services_of(request), request.path_params["name"]
    return answer(await services.stores.run(lambda store: json_bytes(schedule_document(store.schedule(name)))))


@operation(
    "pauseSchedule",
    "POST",
    API + "/schedules/{name}/pause",
    "Hold a schedule back",
    tag="workflows",
    answers={200: Answer("The schedule.", ChangedSchedule)},
    problems=("unknown-schedule",),
)
async def pause(request: Request) -> Response:
    """Starts no runs until it is resumed; `changed` is false where that was so already."""
    return await _held(request, True)


@operation(
    "resumeSchedule",
    "POST",
    API + "/schedules/{name}/resume",
    "Let a schedule go on",
    tag="workflows",
    answers={200: Answer("The schedule.", ChangedSchedule)},
    problems=("unknown-schedule",),
)
async def resume(request: Request) -> Response:
    """What came due while it was held back is not owed; `changed` is false where it was not held back."""
    return await _held(request, False)


async def _held(request: Request, hold: bool) -> Response:
    name = request.path_params["name"]

    def job(store: Store) -> bytes:
        now = time.time()
        changed = store.pause_schedule(name, now) if hold else store.resume_schedule(name, now)
        return json_bytes({**schedule_document(store.schedule(name)), "changed": changed})

    return answer(await services_of(request).stores.run(job))


@operation(
    "backfill",
    "POST",
    API + "/schedules/{name}/backfill",
    "Start a run for each instant of a time that is over",
    tag="workflows",
    answers={200: Answer("Each instant with its run.", BackfillDocument)},
    problems=("unknown-schedule", "no-backfill"),
    example={"from": "2026-01-01T00:00:00+01:00", "to": "2026-01-02T00:00:00+01:00", "dry_run": True},
)
async def fill(request: Request, body: BackfillFields) -> Response:
    """A run for each instant from `from` to `to`, both with a zone; instants that have one keep it."""
    first, last = _moment("from", body.from_), _moment("to", body.to)
    if last < first:
        raise wrong_field("to", "is before `from`")
    name, dry_run = request.path_params["name"], bool(body.dry_run)
    try:
        runs = await services_of(request).stores.run(
            lambda store: backfill_documents(store, store.schedule(name), first, last, dry_run)
        )
    except (CannotFire, TooMany, WrongTime) as error:
        raise Problem(422, "no-backfill", str(error)) from None
    return answer(json_bytes({"schedule": name, "runs": runs}))


def _moment(field: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        raise wrong_field(field, ZONED)
    return found

"""Deployed workflows and their schedules."""

import os
import time
from datetime import datetime

from flow_engine.errors import StoreError
from flow_engine.schedules import Deployment
from flow_engine.stores.contract import Store
from flow_runtime.schedules.backfill import TooMany, backfill_documents
from flow_runtime.schedules.document import schedule_document
from flow_runtime.schedules.specs import CannotFire, spec_of
from flow_runtime.state_folder import StateFolder
from starlette.requests import Request
from starlette.responses import Response

from flow_server.body import json_body, wrong_field
from flow_server.documents import answer, json_bytes
from flow_server.paging import known
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.submission import Origin, origin_of
from flow_server.wishes import submission_of


async def workflows(request: Request) -> Response:
    """What is deployed: each may be run by its name alone."""
    known(request.query_params, ())

    def job(store: Store) -> bytes:
        found = store.schedules()
        return json_bytes({"workflows": [{"workflow": one.workflow, "plan_hash": one.plan_hash} for one in found]})

    return answer(await services_of(request).stores.run(job))


async def workflow(request: Request) -> Response:
    """Deploys a workflow that has a schedule, with its plan as it is now; again is the same as once."""
    services, name = services_of(request), request.path_params["name"]
    fields = await json_body(request, {}, {"source": str, "folder": str, "file": str})
    submission = submission_of({**fields, "workflow": name})
    if submission.is_deployed:
        raise wrong_field("source", "is missing; give a source, or a folder with a file")
    origin = await services.heavy(lambda: origin_of(services.state, submission))
    made = await services.heavy(lambda: _deployment(services.state, origin))
    return answer(await services.stores.run(lambda store: json_bytes(schedule_document(store.deploy(made)))))


async def schedules(request: Request) -> Response:
    known(request.query_params, ())

    def job(store: Store) -> bytes:
        return json_bytes({"schedules": [schedule_document(record) for record in store.schedules()]})

    return answer(await services_of(request).stores.run(job))


async def schedule(request: Request) -> Response:
    """GET: one schedule. DELETE: forgets it (204); its runs stay."""
    services, name = services_of(request), request.path_params["name"]
    if request.method == "DELETE":
        await services.stores.run(lambda store: store.remove_schedule(name))
        return Response(status_code=204)
    return answer(await services.stores.run(lambda store: json_bytes(schedule_document(store.schedule(name)))))


async def pause(request: Request) -> Response:
    """Starts no runs until it is resumed; `changed` is false where that was so already."""
    return await _held(request, True)


async def resume(request: Request) -> Response:
    return await _held(request, False)


async def _held(request: Request, hold: bool) -> Response:
    name = request.path_params["name"]

    def job(store: Store) -> bytes:
        now = time.time()
        changed = store.pause_schedule(name, now) if hold else store.resume_schedule(name, now)
        return json_bytes({**schedule_document(store.schedule(name)), "changed": changed})

    return answer(await services_of(request).stores.run(job))


async def fill(request: Request) -> Response:
    """A run for each instant from `from` to `to`, both with a zone; instants that have one keep it."""
    fields = await json_body(request, {"from": str, "to": str}, {"dry_run": bool})
    first, last = _moment("from", fields["from"]), _moment("to", fields["to"])
    if last < first:
        raise wrong_field("to", "is before `from`")
    name = request.path_params["name"]

    dry_run = bool(fields.get("dry_run"))

    try:
        runs = await services_of(request).stores.run(
            lambda store: backfill_documents(store, store.schedule(name), first, last, dry_run)
        )
    except (CannotFire, TooMany) as error:
        raise Problem(422, "no-backfill", str(error)) from None
    return answer(json_bytes({"schedule": name, "runs": runs}))


def _moment(field: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        raise wrong_field(field, "is a time with a zone, as in 2026-03-28T12:00:00+01:00")
    return found


def _deployment(state: StateFolder, origin: Origin) -> Deployment:
    """Raises Problem where the workflow has no schedule, StoreError where its folder cannot be made."""
    plan = origin.plan
    if plan.workflow.schedule is None:
        detail = f'{plan.entry} has no schedule; give it one: schedule = cron("0 2 * * *")'
        raise Problem(422, "no-schedule", detail)
    folder = origin.folder or os.path.join(state.submitted, f"deployed-{origin.plan_hash[:32]}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(f"no folder for the workflow can be made at {folder}: {error.strerror}") from error
    spec = spec_of(plan.workflow.schedule)
    return Deployment(plan.entry, origin.plan_hash, origin.bundle, folder, spec, time.time())

"""Submit runs, one or many, and try ended ones again."""

import time
from collections.abc import Callable
from typing import Any

from flow_client.documents import Difference, RunDocument, RunSummary, SubmittedRuns
from flow_engine import states
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store, Submitted
from flow_runtime.edited import difference, reuse_of
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.kinds import OF_ORIGINS
from flow_server.api.operation import API, Answer, operation
from flow_server.body import SMALL
from flow_server.documents import answer, json_bytes, run_summary, run_whole
from flow_server.problem import Problem
from flow_server.services import Services, services_of
from flow_server.shapes import wrong_field
from flow_server.submission import Origin, Prepared, deployed_origin, keep, prepared
from flow_server.wishes import (
    BulkFields,
    DiffFields,
    RetryFields,
    RunFields,
    Submission,
    Wish,
    key_of,
    submission_of,
    wish_of,
)

HELLO = 'flow 1\nworkflow hello(name: str = "world") -> str {\n  task greet -> str { shell "echo hello ~{name}" }\n  return greet\n}\n'
"""The example of the document."""
KEY_HEADER = {"Idempotency-Key": "does what the field `idempotency_key` does; 1 to 200 printable characters"}


@operation(
    "submitRun",
    "POST",
    API + "/runs",
    "Submit a run",
    tag="runs",
    answers={
        200: Answer("The idempotency key has been used for the same run, which is this one.", RunDocument),
        201: Answer("The new run.", RunDocument),
    },
    problems=(*OF_ORIGINS, "idempotency-conflict"),
    headers=KEY_HEADER,
    example={"source": HELLO, "params": {"name": "Ada"}, "labels": ["demo"], "idempotency_key": "greet-ada"},
)
async def submit(request: Request, body: RunFields) -> Response:
    """201 with the new run; 200 with the first one where the idempotency key has been used for the same."""
    services = services_of(request)
    submission, wish = submission_of(body), wish_of(body, key_of(request))
    origin = await origin_for(services, submission)
    kept = await services.submit(await _preparation(services, origin, wish, _is_small(request)))
    return _created(kept.submitted, kept.document)


@operation(
    "submitRuns",
    "POST",
    API + "/runs/bulk",
    "Submit many runs of one workflow",
    tag="runs",
    answers={201: Answer("The runs, those of used idempotency keys among them.", SubmittedRuns)},
    problems=(*OF_ORIGINS, "idempotency-conflict"),
    example={"source": HELLO, "runs": [{"params": {"name": "Ada"}}, {"params": {"name": "Bob"}}]},
)
async def bulk(request: Request, body: BulkFields) -> Response:
    """201 with the runs in the order in which they were asked for: all of them or none. The workflow is named once."""
    services = services_of(request)
    submission, wishes = submission_of(body), [wish_of(one) for one in body.runs]
    origin = await origin_for(services, submission)
    ready = await services.heavy(lambda: _all_prepared(origin, wishes))

    def job(store: Store) -> bytes:
        return json_bytes({"runs": [told._asdict() for told, _ in keep(store, services.state, ready)]})

    return answer(await services.stores.run(job), 201)


@operation(
    "retryRun",
    "POST",
    API + "/runs/{run}/retry",
    "Try a run again, from what failed or with an edited workflow",
    tag="runs",
    answers={
        200: Answer("The idempotency key has been used for the same run, which is this one.", RunDocument),
        201: Answer("A new run, which takes over what still holds.", RunDocument),
        202: Answer("The run goes on.", RunSummary),
    },
    problems=(*OF_ORIGINS, "idempotency-conflict", "no-retry"),
    headers=KEY_HEADER,
    body_optional=True,
)
async def retry(request: Request, body: RetryFields) -> Response:
    """Without a workflow: 202 with the run, which goes on from what failed. With one: 201 with a new run of it, which takes over what
    still holds. 409 where there is nothing to try again."""
    services, name = services_of(request), request.path_params["run"]
    if not _names_workflow(body):
        given = next(iter(body.model_dump(exclude_none=True)), "")
        if given:
            raise wrong_field(given, "goes with an edited workflow; a run that goes on keeps what it has")
        document = await services.stores.run(lambda store: reopened(store, name))
        return answer(json_bytes(document), 202)
    submission, wish = submission_of(body), wish_of(body, key_of(request))
    origin = await origin_for(services, submission)
    record = await services.stores.run(lambda store: store.run(name))
    ready = await services.heavy(lambda: prepared(origin, edited(record, origin, wish)))
    return await _kept_after(services, ready, record)


@operation(
    "diffRun",
    "POST",
    API + "/runs/{run}/diff",
    "What an edited workflow would take over from a run",
    tag="runs",
    answers={200: Answer("Task by task.", Difference)},
    problems=OF_ORIGINS,
)
async def diff(request: Request, body: DiffFields) -> Response:
    """What an edited workflow would take over from a run, and why the rest runs again."""
    services, name = services_of(request), request.path_params["run"]
    submission, wish = submission_of(body), wish_of(body)
    origin = await origin_for(services, submission)
    record = await services.stores.run(lambda store: store.run(name))
    ready = await services.heavy(lambda: prepared(origin, edited(record, origin, wish)))

    def job(store: Store) -> bytes:
        return json_bytes(difference(store, record, origin.plan, ready.params))

    return answer(await services.stores.run(job))


def _names_workflow(body: RetryFields) -> bool:
    return any(part is not None for part in (body.source, body.folder, body.file, body.workflow))


async def origin_for(services: Services, submission: Submission) -> Origin:
    """Raises Problem and UnknownWorkflow."""
    if submission.is_deployed:
        return await services.stores.run(
            lambda store: deployed_origin(store, submission.workflow or "", submission.version)
        )
    known = services.sources.known(submission)
    return known if known is not None else await services.heavy(lambda: services.sources.origin(submission))


def _is_small(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length) <= SMALL


async def _preparation(services: Services, origin: Origin, wish: Wish, is_small: bool) -> Callable[[], Prepared]:
    """What binds its parameters. Where they are large or may name files of a folder, that may take long and is done before, so that no other
    submission waits for it. Raises Problem."""
    if is_small and origin.folder is None:
        return lambda: prepared(origin, wish)
    ready = await services.heavy(lambda: prepared(origin, wish))
    return lambda: ready


def edited(record: RunRecord, origin: Origin, wish: Wish) -> Wish:
    """The parameters of the run, where the workflow still has them, with what is given anew."""
    names = {param.name for param in origin.plan.workflow.params}
    kept = {name: value for name, value in record.params.items() if name in names}
    return wish._replace(params={**kept, **wish.params}, priority=record.priority, labels=record.labels)


async def _kept_after(services: Services, ready: Prepared, based_on: RunRecord) -> Response:
    def job(store: Store) -> tuple[Submitted, bytes]:
        ((told, _),) = keep(store, services.state, [_with_rows(store, ready, based_on)])
        return told, json_bytes(run_whole(store, store.run(told.run)))

    return _created(*await services.stores.run(job))


def _created(told: Submitted, document: bytes) -> Response:
    return answer(document, 201 if told.created else 200, {"Location": f"/api/v1/runs/{told.run}"})


def _with_rows(store: Store, ready: Prepared, based_on: RunRecord) -> Prepared:
    found = reuse_of(store, based_on, ready.origin.plan, ready.params)
    return ready._replace(based_on=based_on.id, rows=tuple(found.rows))


def _all_prepared(origin: Origin, wishes: list[Wish]) -> list[Prepared]:
    ready = []
    for at, wish in enumerate(wishes):
        try:
            ready.append(prepared(origin, wish))
        except Problem as problem:
            raise Problem(problem.status, problem.kind, f"run {at}: {problem.detail}", **problem.members) from None
    return ready


def reopened(store: Store, name: str) -> dict[str, Any]:
    record = store.run(name)
    why = not_again(record)
    if not why and not store.reopen(record.id, time.time()):
        why = f"nothing of run {record.id} can be tried again; start another one"
    if why:
        raise Problem(409, "no-retry", why, state=record.state)
    return run_summary(store, store.run(record.id))


def not_again(record: RunRecord) -> str:
    """Why it cannot be tried again; empty where it may be."""
    if record.finished_at is None:
        return f"run {record.id} is {record.state} and has not ended; cancel it, or wait for its end"
    if record.state == states.SUCCEEDED:
        return f"run {record.id} has succeeded; start another one"
    if record.parent is not None:
        return f"run {record.id} is a child run of {record.parent}, which has to go on with it; try that one again"
    return ""

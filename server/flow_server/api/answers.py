"""What a run waits for, answered: approvals and events."""

from collections.abc import Callable
from typing import Any

from flow_client.documents import ApprovalDocument, SignalDocument
from flow_engine.stores.contract import Store
from flow_runtime.signals import WrongAnswer, approve, send_event, waiting
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, Handler, Operation, operation
from flow_server.documents import answer, json_bytes
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import NAME_LENGTH, Body, Name, wrong_field


class ApprovalFields(Body):
    approve: bool = Field(description="true or false")
    by: Name | None = None


class SignalFields(Body):
    value: Any = Field(None, description="any value")
    by: Name | None = None


def _approval(id_: str, path: str) -> Callable[[Handler], Operation]:
    return operation(
        id_,
        "POST",
        API + "/runs/{run}/approvals" + path,
        "Answer an approval",
        tag="runs",
        answers={200: Answer("What was answered.", ApprovalDocument)},
        problems=("not-awaited",),
        example={"approve": True, "by": "ada"},
    )


@_approval("answerApproval", "/{task}")
async def approval(request: Request, body: ApprovalFields) -> Response:
    """`approve` says yes or no, and `by` who it is."""
    return await _approved(request, request.path_params["task"], body)


@_approval("answerOnlyApproval", "")
async def only_approval(request: Request, body: ApprovalFields) -> Response:
    """Where the run, with its child runs, waits for one approval alone."""
    return await _approved(request, None, body)


async def _approved(request: Request, task: str | None, body: ApprovalFields) -> Response:
    run, approve_ = request.path_params["run"], body.approve

    def job(store: Store) -> dict[str, Any]:
        chosen = approve(store, store.run(run), task, approve_, body.by or "")
        return {"run": chosen.run, "task": chosen.key, "text": chosen.awaits.text, "approved": approve_}

    return await _answered(request, job)


@operation(
    "sendSignal",
    "POST",
    API + "/runs/{run}/signals/{event}",
    "Send an event to a run",
    tag="runs",
    answers={200: Answer("It is kept.", SignalDocument)},
    problems=("not-awaited",),
    example={"value": 12},
)
async def signal(request: Request, body: SignalFields) -> Response:
    """Sends an event with a `value`. It is kept, also for tasks that begin to wait for it later."""
    run, event = request.path_params["run"], request.path_params["event"]
    if not event.isprintable() or len(event) > NAME_LENGTH:
        raise wrong_field("event", f"is a name of at most {NAME_LENGTH} printable characters")

    def job(store: Store) -> dict[str, Any]:
        record = store.run(run)
        takers = send_event(store, record, event, body.value, body.by or "")
        open_ = sorted({item.awaits.name for item in waiting(store, record) if item.awaits.kind == "event"})
        return {"run": record.id, "takers": [{"run": item.run, "task": item.key} for item in takers], "open": open_}

    return await _answered(request, job)


async def _answered(request: Request, job: Any) -> Response:
    try:
        return answer(json_bytes(await services_of(request).stores.run(job)))
    except WrongAnswer as error:
        raise Problem(409, "not-awaited", str(error)) from None

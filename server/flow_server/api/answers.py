"""What a run waits for, answered: approvals and events."""

from typing import Any

from flow_engine.stores.contract import Store
from flow_runtime.signals import WrongAnswer, approve, send_event, waiting
from starlette.requests import Request
from starlette.responses import Response

from flow_server.body import json_body, wrong_field
from flow_server.documents import answer, json_bytes
from flow_server.problem import Problem
from flow_server.services import services_of

NAME_LENGTH = 200


async def approval(request: Request) -> Response:
    """`approve` says yes or no. The task may be left out where the run, with its child runs, waits for one approval alone."""
    fields = await json_body(request, {"approve": bool}, {"by": str})
    run, task, by = request.path_params["run"], request.path_params.get("task"), _who(fields)

    def job(store: Store) -> dict[str, Any]:
        chosen = approve(store, store.run(run), task, fields["approve"], by)
        return {"run": chosen.run, "task": chosen.key, "text": chosen.awaits.text, "approved": fields["approve"]}

    return await _answered(request, job)


async def signal(request: Request) -> Response:
    """Sends an event with a `value`. It is kept, also for tasks that begin to wait for it later."""
    fields = await json_body(request, {}, {"value": object, "by": str})
    run, event, by = request.path_params["run"], request.path_params["event"], _who(fields)
    if not event.isprintable() or len(event) > NAME_LENGTH:
        raise wrong_field("event", f"is a name of at most {NAME_LENGTH} printable characters")

    def job(store: Store) -> dict[str, Any]:
        record = store.run(run)
        takers = send_event(store, record, event, fields.get("value"), by)
        open_ = sorted({item.awaits.name for item in waiting(store, record) if item.awaits.kind == "event"})
        return {"run": record.id, "takers": [{"run": item.run, "task": item.key} for item in takers], "open": open_}

    return await _answered(request, job)


async def _answered(request: Request, job: Any) -> Response:
    try:
        return answer(json_bytes(await services_of(request).stores.run(job)))
    except WrongAnswer as error:
        raise Problem(409, "not-awaited", str(error)) from None


def _who(fields: dict[str, Any]) -> str:
    by = str(fields.get("by", ""))
    if len(by) > NAME_LENGTH or not by.isprintable():
        raise wrong_field("by", f"is a name of at most {NAME_LENGTH} printable characters")
    return by

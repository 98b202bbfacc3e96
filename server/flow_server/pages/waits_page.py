"""What a run waits for from outside, and the forms that answer it: approvals and events."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from flow_lang.types import Type
from flow_runtime.signals import WrongAnswer, approve, send_event, waiting
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.auth.principal import principal_of
from flow_server.pages.fields import Field, field_of
from flow_server.pages.session_form import SOURCE_FORM, session_form
from flow_server.pages.value_texts import ABSENT, read
from flow_server.problem import Problem
from flow_server.services import services_of


class Wait(NamedTuple):
    """`key` waits, in `run`, which may be a child run. `field` asks for the value of an event, None where it has none."""

    run: str
    key: str
    kind: str
    name: str
    text: str
    due: float | None
    field: Field | None


def waits(store: Store, record: RunRecord) -> list[Wait]:
    found: list[Wait] = []
    for item in waiting(store, record):
        awaits = item.awaits
        if any((one.kind, one.name) == ("approval", awaits.name) for one in store.signals(item.run)):
            continue  # it is answered, and its task goes on in a moment
        field = _field(_type_of(store, store.run(item.run), item.key), len(found)) if awaits.kind == "event" else None
        found.append(Wait(item.run, item.key, awaits.kind, awaits.name, awaits.text, awaits.due, field))
    return found


def _type_of(store: Store, record: RunRecord, key: str) -> Type:
    workflow = store.plan(record.plan_hash, record.workflow).workflow
    return workflow.task(key.partition("[")[0]).result


def _field(type_: Type, number: int) -> Field | None:
    if type_.kind == "nothing":
        return None
    return field_of(type_, f"value{number}", "Value", {}, {}, type_.kind != "optional")


async def answer_approval(request: Request) -> Response:
    """Raises Problem where it has been answered, or nothing waits for it."""
    form = await session_form(request)
    run, task = request.path_params["run"], request.path_params["task"]
    if form.get("answer") not in ("yes", "no"):
        raise Problem(422, "wrong-field", "`answer` must be yes or no", field="answer")

    def job(store: Store) -> None:
        approve(store, store.run(run), task, form.get("answer") == "yes", _who(request))

    return await _answered(request, form, job)


async def send_signal(request: Request) -> Response:
    """The value is read as what the task that waits for it wants. Raises Problem."""
    form = await session_form(request, SOURCE_FORM)
    run, task = request.path_params["run"], request.path_params["task"]

    def job(store: Store) -> None:
        record = store.run(run)
        item = next((one for one in waiting(store, record) if one.run == record.id and one.key == task), None)
        if item is None or item.awaits.kind != "event":
            raise Problem(409, "not-awaited", f"{task[:200]} of run {record.id} waits for no event now")
        send_event(store, record, item.awaits.name, _value(_type_of(store, record, task), form), _who(request))

    return await _answered(request, form, job)


def _value(type_: Type, form: Mapping[str, str]) -> Any:
    """Raises Problem."""
    if type_.kind == "nothing":
        return None
    wrong: dict[str, str] = {}
    name = next((key for key in form if key.startswith("value")), "value").partition(".")[0]
    found = read(type_, name, form, wrong)
    if wrong or (found is ABSENT and type_.kind != "optional"):
        told = "; ".join(wrong.values()) or f"must be `{type_}`, and is missing"
        raise Problem(422, "wrong-value", f"the value of the event {told}; go back and write another one")
    return None if found is ABSENT else found


async def _answered(request: Request, form: Mapping[str, str], job: Any) -> Response:
    try:
        await services_of(request).stores.run(job)
    except WrongAnswer as error:
        raise Problem(409, "not-awaited", str(error)) from None
    shown = form.get("from") or request.path_params["run"]
    return RedirectResponse(f"/runs/{quote(shown, safe='')}", 303)


def _who(request: Request) -> str:
    principal = principal_of(request)
    return "" if principal is None else principal.subject

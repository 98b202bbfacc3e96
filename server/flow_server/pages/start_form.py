"""Starting a run by a form: its parameters, and what else one may wish for it."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from flow_lang.plan import Plan
from flow_lang.values import parse_duration
from pydantic import ValidationError

from flow_server.body import too_large
from flow_server.pages.fields import Field, param_fields, param_texts, param_values
from flow_server.problem import Problem
from flow_server.services import Services
from flow_server.submission import Origin, prepared
from flow_server.wishes import LABEL_LENGTH, LABELS, LATEST, PARAMS_LIMIT, Wish, WishFields, wish_of


class WrongForm(Exception):
    """`wrong` is told beside the controls of these names, `problem` above the form."""

    def __init__(self, wrong: dict[str, str], problem: str = "", status: int = 422) -> None:
        super().__init__(problem)
        self.wrong, self.problem, self.status = wrong, problem, status


class StartForm(NamedTuple):
    """What the template shows. `key` is of this form alone: sent twice, it starts one run."""

    fields: list[Field]
    extra: dict[str, str]
    wrong: Mapping[str, str]
    problem: str
    key: str
    has_extra: bool


EXTRA = ("priority", "labels", "delay")


def start_form(
    plan: Plan,
    form: Mapping[str, str] | None = None,
    error: WrongForm | None = None,
    values: Mapping[str, Any] | None = None,
    extra: Mapping[str, str] | None = None,
) -> StartForm:
    """Empty, with the values of an earlier run, or with what was written and what is wrong with it."""
    params = plan.workflow.params
    texts = param_texts(params, values) if form is None else form
    wrong = {} if error is None else error.wrong
    more = {name: (form or extra or {}).get(name, "") for name in EXTRA}
    key = secrets.token_hex(8)
    problem = "" if error is None else error.problem
    return StartForm(param_fields(params, texts, wrong), more, wrong, problem, key, any(more.values()))


async def start(
    services: Services, origin: Origin, form: Mapping[str, str], values: Mapping[str, Any] | None = None
) -> str:
    """The id of the run; `values` as the form began with. Raises WrongForm."""
    try:
        wish = await services.heavy(lambda: _read(origin.plan, form, values))  # large lists take long
        ready = await services.heavy(lambda: prepared(origin, wish))
        kept = await services.submit(lambda: ready)
    except Problem as problem:
        raise _placed(origin.plan, problem) from None
    return kept.submitted.run


def _read(plan: Plan, form: Mapping[str, str], begun: Mapping[str, Any] | None) -> Wish:
    """Raises WrongForm, and Problem where the values are too large."""
    if sum(len(text.encode()) for name, text in form.items() if name.startswith("p.")) > PARAMS_LIMIT:
        raise too_large("what is written for the parameters", PARAMS_LIMIT)
    values, wrong = param_values(plan.workflow.params, form, begun)
    wish = _wish(form, values, wrong)
    if wrong or wish is None:
        raise WrongForm(wrong)
    return wish


def _wish(form: Mapping[str, str], values: dict[str, Any], wrong: dict[str, str]) -> Wish | None:
    """None where something of it is wrong, which is told in `wrong`."""
    given: dict[str, Any] = {"params": values}
    texts = {name: form.get(name, "").strip() for name in EXTRA}
    if texts["priority"]:
        given["priority"] = texts["priority"]
    if texts["labels"]:
        given["labels"] = [line.strip() for line in texts["labels"].splitlines() if line.strip()]
    if texts["delay"]:
        try:
            given["delay"] = parse_duration(texts["delay"]).total_seconds()
        except (ValueError, OverflowError):
            wrong["delay"] = "is a length of time such as 30s, 10m, 2h or 1d"
    if form.get("key"):
        content = json.dumps(sorted(form.items())).encode()
        given["idempotency_key"] = f"form-{hashlib.sha256(content).hexdigest()[:40]}"
    try:
        fields = WishFields.model_validate(given, strict=False)
    except ValidationError as error:
        wrong |= {str(one["loc"][0]): _TOLD.get(str(one["loc"][0]), one["msg"]) for one in error.errors()}
        return None
    return None if wrong else wish_of(fields)


_TOLD = {
    "priority": "is a whole number from 0 to 9 (9 is most urgent)",
    "labels": f"are at most {LABELS}, of at most {LABEL_LENGTH} characters each",
    "delay": f"is at most {LATEST // 86400} days",
}


def _placed(plan: Plan, problem: Problem) -> WrongForm:
    """Beside the parameters that it is about, where it is about some."""
    wrong: dict[str, str] = {}
    others: list[str] = []
    for told in problem.members.get("diagnostics", ()):
        message = str(told["message"])
        about = next((one.name for one in plan.workflow.params if _is_about(message, one.name)), None)
        if about is None:
            others.append(message)
        else:
            wrong[f"p.{about}"] = message
    if not wrong and not others:
        others = [problem.detail]
    return WrongForm(wrong, "; ".join(others), problem.status)


def _is_about(message: str, name: str) -> bool:
    """As params.py words what is wrong with one parameter."""
    starts = (f"the parameter `{name}` ", f"the parameter `{name}: ", f"the default of `{name}` ")
    return message.startswith(starts)

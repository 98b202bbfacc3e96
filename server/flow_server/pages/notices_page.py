"""Who is told of what: the rules, and what could not be told."""

import re
from typing import Any

from flow_engine.notices.contract import EVENTS
from flow_engine.stores.contract import Store
from flow_runtime.notices.rules import DEFAULT_EVENTS, shown
from flow_runtime.notices.sink import Sink
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api.tokens import asking
from flow_server.notify_rules import failed_of, put_rule, remove_rule, rule_of, rules_of, send_trial, try_again
from flow_server.pages.many_form import many_form
from flow_server.pages.session_form import session_form
from flow_server.pages.show import show
from flow_server.problem import Problem
from flow_server.services import services_of

HERE = "/notices"
Form = dict[str, list[str]]


async def page(request: Request) -> Response:
    return await _shown(request, {})


async def add(request: Request) -> Response:
    """In place of the rule with the same name. What is wrong is told beside the form."""
    form, principal = await many_form(request), asking(request)
    name, events, workflow = _text(form, "name"), form.get("event", []), _text(form, "workflow") or None
    try:
        await services_of(request).threads.run(
            lambda store: put_rule(store, principal, name, events, workflow, _sink(form))
        )
    except Problem as problem:
        return await _shown(request, form, wrong=problem.detail, status=problem.status)
    return RedirectResponse(HERE, 303)


async def remove(request: Request) -> Response:
    form, principal = await session_form(request), asking(request)
    await services_of(request).threads.run(
        lambda store: remove_rule(store, principal, form.get("name", ""), form.get("namespace"))
    )
    return RedirectResponse(HERE, 303)


async def test(request: Request) -> Response:
    """Sends from here, with the server's environment, and says how that went."""
    form, principal = await session_form(request), asking(request)
    rule = await services_of(request).threads.run(
        lambda store: rule_of(store, principal, form.get("name", ""), form.get("namespace"))
    )
    trouble = await run_in_threadpool(lambda: send_trial(rule, "the page of notices"))
    if trouble:
        return await _shown(request, {}, trouble=f"{rule.name} could not be told: {trouble}", status=502)
    return await _shown(request, {}, said=f"{rule.name} has been told: {shown(rule)}")


async def retry(request: Request) -> Response:
    principal = asking(request)
    await session_form(request)
    await services_of(request).threads.run(lambda store: try_again(store, principal))
    return RedirectResponse(HERE, 303)


async def _shown(
    request: Request, written: Form, *, wrong: str = "", trouble: str = "", said: str = "", status: int = 200
) -> Response:
    principal = asking(request)

    def job(store: Store) -> dict[str, Any]:
        rules, failed = rules_of(store, principal), failed_of(store, principal)
        return {"rules": [(rule, shown(rule)) for rule in rules], "failed": failed}

    found = await services_of(request).threads.run(job)
    values = {
        **found,
        "place": HERE,
        "events": EVENTS,
        "chosen": written.get("event", []) if written else DEFAULT_EVENTS,
        "written": {name: texts[-1] for name, texts in written.items()},
        "wrong": wrong,
        "trouble": trouble,
        "said": said,
    }
    return await show(request, "notices.html", lambda _: values, status)


def _sink(form: Form) -> Sink:
    """Addresses may stand one a line, or with commas between."""
    to = tuple(part for part in re.split(r"[,;\s]+", _text(form, "to")) if part)
    return Sink(to, _text(form, "url"), _text(form, "url_env"), _text(form, "secret_env"))


def _text(form: Form, name: str) -> str:
    return form.get(name, [""])[-1].strip()

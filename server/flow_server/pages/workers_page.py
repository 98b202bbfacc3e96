"""The workers, and the pools that all runs share."""

from typing import Any

from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api.capacity import PoolFields, pool_name
from flow_server.pages.crew import Crew
from flow_server.pages.session_form import session_form
from flow_server.pages.show import show
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import read_body

HERE = "/workers"


async def page(request: Request) -> Response:
    return await _shown(request, {}, "")


async def set_pool(request: Request) -> Response:
    """What is wrong is told beside the form."""
    form = await session_form(request)
    try:
        name = pool_name(form.get("name", "").strip())
        slots = form.get("slots", "").strip()
        body = read_body({"slots": int(slots) if slots.isdecimal() and len(slots) < 10 else slots}, PoolFields)
    except Problem as problem:
        return await _shown(request, form, problem.detail, problem.status)
    await services_of(request).stores.run(lambda store: store.set_pool(name, body.slots))
    return RedirectResponse(HERE, 303)


async def _shown(request: Request, written: dict[str, str], wrong: str, status: int = 200) -> Response:

    def values(store: Store) -> dict[str, Any]:
        crew = Crew(store)
        return {
            "place": HERE,
            "workers": crew.workers(),
            "pools": crew.pools(),
            "label_waits": crew.label_waits,
            "is_part": crew.is_part,
            "written": written,
            "wrong": wrong,
        }

    return await show(request, "workers.html", values, status)

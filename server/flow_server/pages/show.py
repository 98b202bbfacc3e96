"""A page of what the store of whoever asks has."""

from collections.abc import Callable
from typing import Any

from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from flow_server.pages.render import rendered, session_values
from flow_server.services import services_of


async def show(
    request: Request, template: str, values: Callable[[Store], dict[str, Any]], status: int = 200
) -> Response:
    """`values` are read, and made a page of, in one of the store's threads."""
    session = session_values(request)
    text = await services_of(request).stores.run(lambda store: rendered(template, **session, **values(store)))
    return HTMLResponse(text, status)

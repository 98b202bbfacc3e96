"""The audit log: who changed what, and who was refused."""

from typing import Any

from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.audit import AuditQuery, entries
from flow_server.api.tokens import asking
from flow_server.pages.filters import Filter
from flow_server.pages.show import show
from flow_server.services import services_of

HERE = "/audit"


async def page(request: Request) -> Response:
    given, principal = request.query_params, asking(request)
    filter_ = Filter(given, ("subject",))
    query = filter_.query(AuditQuery, cursor=given.get("cursor", ""), limit=given.get("limit", ""))

    def job(store: Store) -> dict[str, Any]:
        found, more = entries(store, principal, query)
        return {
            "place": HERE,
            "entries": found,
            "filter": filter_,
            "first": filter_.url(HERE) if query.cursor else "",
            "following": filter_.url(HERE, cursor=more) if more else "",
        }

    values = await services_of(request).threads.run(job)
    return await show(request, "audit.html", lambda _: values)

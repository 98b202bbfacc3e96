"""The audit log, in pages."""

from typing import Any

from flow_engine.access import AuditEntry, AuditFilter
from flow_engine.stores.contract import Store
from flow_runtime.document import moment
from starlette.requests import Request
from starlette.responses import Response

from flow_server.auth.principal import principal_of
from flow_server.documents import answer, json_bytes
from flow_server.paging import known, number
from flow_server.services import services_of

MOST = 1000
_LAST = 10**9


async def audit(request: Request) -> Response:
    """Newest first; `next_cursor` is the cursor of the next page, or null."""
    known(request.query_params, ("subject", "limit", "cursor"))
    limit = number(request.query_params, "limit", 100, 1, MOST)
    before = number(request.query_params, "cursor", 0, 0, _LAST - 1) or None
    principal = principal_of(request)
    assert principal is not None
    wanted = AuditFilter(principal.namespace, request.query_params.get("subject") or None, before, limit + 1)

    def job(store: Store) -> bytes:
        found = store.access.audit(wanted)
        more = found[limit - 1].number if len(found) > limit else None
        return json_bytes({"entries": [entry_document(entry) for entry in found[:limit]], "next_cursor": more})

    return answer(await services_of(request).threads.run(job))


def entry_document(entry: AuditEntry) -> dict[str, Any]:
    document = entry._asdict()
    return {"id": document.pop("number"), **document, "at": moment(entry.at)}

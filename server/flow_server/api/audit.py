"""The audit log, in pages."""

from typing import Any

from flow_client.access import AuditPage
from flow_engine.access import AuditEntry, AuditFilter
from flow_engine.stores.contract import Store
from flow_runtime.document import moment
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.auth.principal import Principal, principal_of
from flow_server.documents import answer, json_bytes
from flow_server.services import services_of
from flow_server.shapes import Query, Whole

MOST = 1000


class AuditQuery(Query):
    subject: str | None = Field(None, description="who: the name of a token, or the subject of a JWT")
    limit: Whole = Field(100, ge=1, le=MOST, description=f"a whole number from 1 to {MOST:,}")
    cursor: Whole | None = Field(None, description="a `next_cursor` that an earlier page gave")


@operation(
    "listAudit",
    "GET",
    API + "/audit",
    "Who changed what, and who was refused",
    tag="access",
    answers={200: Answer("A page of entries.", AuditPage)},
)
async def audit(request: Request, query: AuditQuery) -> Response:
    """Newest first; `next_cursor` is the cursor of the next page, or null."""
    principal = principal_of(request)
    assert principal is not None

    def job(store: Store) -> bytes:
        found, more = entries(store, principal, query)
        return json_bytes({"entries": [entry_document(entry) for entry in found], "next_cursor": more})

    return answer(await services_of(request).threads.run(job))


def entries(store: Store, principal: Principal, query: AuditQuery) -> tuple[list[AuditEntry], int | None]:
    """A page of what this principal may see, and the cursor of the next one."""
    limit = query.limit
    found = store.access.audit(AuditFilter(principal.namespace, query.subject, query.cursor or None, limit + 1))
    return found[:limit], found[limit - 1].number if len(found) > limit else None


def entry_document(entry: AuditEntry) -> dict[str, Any]:
    document = entry._asdict()
    return {"id": document.pop("number"), **document, "at": moment(entry.at)}

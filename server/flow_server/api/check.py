"""The language over HTTP: diagnostics of a source."""

from starlette.requests import Request
from starlette.responses import Response

from flow_server.body import json_body
from flow_server.documents import answer, json_bytes
from flow_server.services import services_of
from flow_server.submission import check_source, compiled, diagnostics_of


async def check(request: Request) -> Response:
    """200 whether or not the source is right: `ok` tells."""
    fields = await json_body(request, {"source": str}, {"workflow": str})
    check_source(fields["source"])

    def job() -> bytes:
        found = compiled(fields["source"], fields.get("workflow"))
        return json_bytes(
            {"ok": found.plan is not None, "diagnostics": diagnostics_of(found.diagnostics, found.sources)}
        )

    return answer(await services_of(request).heavy(job))

"""The language over HTTP: diagnostics of a source."""

from flow_client.documents import CheckDocument
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.documents import answer, json_bytes
from flow_server.services import services_of
from flow_server.shapes import Body
from flow_server.submission import check_source, compiled, diagnostics_of
from flow_server.wishes import Source


class CheckFields(Body):
    source: Source
    workflow: str | None = Field(None, description="the name of a workflow, a string: the one to be the entry")


@operation(
    "check",
    "POST",
    API + "/check",
    "Check a source without running it",
    tag="workflows",
    answers={200: Answer("What is wrong in it, if anything is.", CheckDocument)},
    problems=("wrong-source",),
    example={"source": 'flow 1\nworkflow a { task b { shel "true" } }\n'},
)
async def check(request: Request, body: CheckFields) -> Response:
    """200 whether or not the source is right: `ok` tells."""
    check_source(body.source)

    def job() -> bytes:
        found = compiled(body.source, body.workflow)
        return json_bytes(
            {"ok": found.plan is not None, "diagnostics": diagnostics_of(found.diagnostics, found.sources)}
        )

    return answer(await services_of(request).heavy(job))

"""The graph of a run in each format, coloured by the states of its tasks."""

import hashlib

from flow_engine.stores.contract import Store
from flow_runtime.graph.model import Graph, graph_of
from flow_runtime.graph.render import MEDIA_TYPES, RenderError
from flow_runtime.run_graph import graph_of_run
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.submission import deployed_origin

FORMATS = ("svg", "dot", "json", "png", "mermaid", "text")
DRAWN = {
    200: Answer("The graph.", media=tuple(dict.fromkeys(media.partition(";")[0] for media in MEDIA_TYPES.values()))),
    304: Answer("It is still the one of the ETag in If-None-Match.", media=()),
}


@operation(
    "getGraph",
    "GET",
    API + "/runs/{run}/graph.{format}",
    "The graph of a run, coloured by the states of its tasks",
    tag="runs",
    answers=DRAWN,
    problems=("unknown-format", "no-drawing"),
    headers={"If-None-Match": "the ETag of an earlier answer"},
)
async def graph(request: Request) -> Response:
    services = services_of(request)
    name, format_ = request.path_params["run"], request.path_params["format"]
    _need_format(format_)

    def job(store: Store) -> Graph:
        return graph_of_run(store, store.run(name))

    return await drawing_of(request, await services.stores.run(job))


@operation(
    "getWorkflowGraph",
    "GET",
    API + "/workflows/{name}/graph.{format}",
    "The graph of a deployed workflow, before a run",
    tag="workflows",
    answers=DRAWN,
    problems=("unknown-format", "unknown-workflow", "no-drawing"),
    headers={"If-None-Match": "the ETag of an earlier answer"},
)
async def workflow_graph(request: Request) -> Response:
    _need_format(request.path_params["format"])
    name = request.path_params["name"]
    origin = await services_of(request).stores.run(lambda store: deployed_origin(store, name))
    return await drawing_of(request, graph_of(origin.plan.workflow))


def _need_format(format_: str) -> None:
    if format_ not in FORMATS:
        raise Problem(404, "unknown-format", f"there is no graph.{format_[:20]}; there are: {', '.join(FORMATS)}")


async def drawing_of(request: Request, shown: Graph) -> Response:
    """With an ETag: who asks again for a drawing that has not changed is told so."""
    services, format_ = services_of(request), request.path_params.get("format", "svg")
    try:
        drawn = await services.heavy(lambda: services.drawings.render(shown, format_))
    except RenderError as error:
        raise Problem(503, "no-drawing", str(error)) from None
    headers = {"ETag": f'"{hashlib.sha256(drawn).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(drawn, headers=headers, media_type=MEDIA_TYPES[format_])

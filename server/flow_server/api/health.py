"""Whether the server can be asked, what it measures, and what it can be asked for."""

from flow_client.answers import HealthDocument
from flow_engine.stores.contract import RunFilter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import Answer, operation
from flow_server.documents import answer, json_bytes
from flow_server.metrics import flow_version
from flow_server.services import services_of


@operation(
    "health",
    "GET",
    "/healthz",
    "Whether the server answers and the state can be read",
    tag="operations",
    answers={200: Answer("It does.", HealthDocument)},
    open_=True,
)
async def healthz(request: Request) -> Response:
    await services_of(request).stores.run(lambda store: store.runs(RunFilter(limit=1)))
    return answer(json_bytes({"status": "ok", "version": flow_version()}))


@operation(
    "metrics",
    "GET",
    "/metrics",
    "What Prometheus scrapes",
    tag="operations",
    answers={200: Answer("Metrics in the text format of Prometheus.", media=("text/plain",))},
)
async def metrics(request: Request) -> Response:
    services = services_of(request)
    return Response(await services.heavy(services.metrics.text), media_type=CONTENT_TYPE_LATEST)

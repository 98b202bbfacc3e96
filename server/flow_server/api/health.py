"""Whether the server can be asked, what it measures, and what it can be asked for."""

import asyncio
from collections.abc import Awaitable

from flow_client.documents import HealthDocument, ReadyDocument
from flow_engine.errors import FlowError
from flow_engine.stores.contract import RunFilter
from flow_runtime.shared_state import open_queue
from flow_runtime.storage.setting import storage_address, storage_here
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import Answer, operation
from flow_server.documents import answer, json_bytes
from flow_server.metrics import flow_version
from flow_server.problem import Problem
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
    "ready",
    "GET",
    "/readyz",
    "Whether the server can do what it is there for",
    tag="operations",
    answers={200: Answer("All that it needs can be used.", ReadyDocument)},
    problems=("not-ready",),
    open_=True,
)
async def readyz(request: Request) -> Response:
    """The state, the queue and the storage, each where there is one, are asked; 503 with the reason of each that cannot be used."""
    services = services_of(request)
    checks: dict[str, Awaitable[object]] = {"state": services.stores.run(lambda store: store.runs(RunFilter(limit=1)))}
    if services.state.queue_url:
        checks["queue"] = services.heavy(lambda: _ask_queue(services.state.queue_url))
    if storage_address():
        checks["storage"] = services.heavy(_ask_storage)
    found = await asyncio.gather(*checks.values(), return_exceptions=True)
    reasons = {part: str(error) for part, error in zip(checks, found, strict=True) if isinstance(error, FlowError)}
    for error in found:
        if isinstance(error, BaseException) and not isinstance(error, FlowError):
            raise error
    if reasons:
        told = "; ".join(f"{part}: {reason}" for part, reason in reasons.items())
        raise Problem(503, "not-ready", told, {"Retry-After": "5"}, reasons=reasons)
    return answer(json_bytes({"status": "ready", "parts": list(checks)}))


def _ask_queue(url: str) -> None:
    """Raises StoreError, QueueDown and Unsuitable. The connection is not kept: asked each few seconds, it would keep others out."""
    queue = open_queue(url)
    try:
        queue.check()
    finally:
        queue.close()


def _ask_storage() -> None:
    """Raises Refused and StorageError."""
    storage = storage_here()
    if storage is not None:
        storage.exists("ready")


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

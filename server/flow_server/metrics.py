"""What Prometheus scrapes. Counts of runs and tasks are made when it asks."""

import time
from collections.abc import Callable, Iterable, Iterator

from flow_runtime.state_folder import StateFolder
from flow_runtime.telemetry.endpoint import build_info, flow_version
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flow_server.census import Counter
from flow_server.state_families import state_families

__all__ = ["Metrics", "Timed", "flow_version"]

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """A registry of its own, so that nothing of another library in the process is told."""

    def __init__(self, state: StateFolder) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.requests = Histogram(
            "flow_http_request_seconds",
            "Time until a response was sent, by route.",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=BUCKETS,
        )
        counter = Counter(state)
        self.add(lambda: [build_info("server")])
        self.add(lambda: state_families(counter.count(), time.time()))

    def add(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """What something else in this process tells, asked at each scrape."""
        self.registry.register(_Families(collect))

    def text(self) -> bytes:
        """Blocks. Raises StoreError."""
        return generate_latest(self.registry)


class _Families(Collector):
    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def describe(self) -> Iterator[Metric]:
        """Nothing, since to count takes long."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        return iter(self._collect())


class Timed:
    """Measures every request; `routes` are the templates by endpoint, so that no id becomes a label."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: dict[object, str]) -> None:
        self._app, self._metrics, self._routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = self._routes.get(scope.get("endpoint"), "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, status).observe(time.perf_counter() - began)


_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")

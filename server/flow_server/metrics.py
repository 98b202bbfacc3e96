"""What Prometheus scrapes. Counts of runs and tasks are made when it asks."""

import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from flow_engine import states
from flow_engine.stores.contract import Census
from flow_runtime.state_folder import StateFolder
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flow_server.census import Counter
from flow_server.paging import RUN_STATES

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
        build = Gauge("flow_build_info", "The version of Flow; always 1.", ("version",), registry=self.registry)
        build.labels(flow_version()).set(1)
        self.registry.register(_StateCollector(Counter(state)))

    def text(self) -> bytes:
        """Blocks. Raises StoreError."""
        return generate_latest(self.registry)


class _StateCollector(Collector):
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Named without counting, when the collector is registered."""
        return iter(_families(Census({}, {}, None)))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        return iter(_families(self._counter.count()))


def _families(census: Census) -> list[GaugeMetricFamily]:
    runs = GaugeMetricFamily("flow_runs", "Runs by state.", labels=("state",))
    for state in RUN_STATES:
        runs.add_metric((state,), census.runs.get(state, 0))
    tasks = GaugeMetricFamily("flow_tasks", "Tasks of runs that have not ended, by state.", labels=("state",))
    for state in states.TRANSITIONS:
        tasks.add_metric((state,), census.tasks.get(state, 0))
    depth = GaugeMetricFamily(
        "flow_queue_depth", "Tasks that are ready and wait for a slot.", value=census.tasks.get(states.READY, 0)
    )
    waited = 0.0 if census.oldest_queued is None else max(time.time() - census.oldest_queued, 0.0)
    age = GaugeMetricFamily("flow_queue_oldest_seconds", "How long the oldest queued run has waited.", value=waited)
    return [runs, tasks, depth, age]


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


def flow_version() -> str:
    try:
        return version("flow-dsl")
    except PackageNotFoundError:
        return "unknown"

"""What a worker tells of itself, over all the engines that it starts one after the other."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flow_engine.errors import LostOwnership

from flow_runtime.role_log import say
from flow_runtime.telemetry.address import Address
from flow_runtime.telemetry.watch import Watch, time_calls
from flow_runtime.telemetry.worker_figures import WorkerFigures
from flow_runtime.trace_ids import tracing

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from flow_runtime.embedded import Embedded
    from flow_runtime.telemetry.endpoint import Endpoint
    from flow_runtime.telemetry.spans import Spans

REDIS = ("turn", "push", "knock", "reconcile")


class WorkerTelemetry:
    """Without an address and without traces it counts nothing. No thread of it lives between two engines, since each begins with a fork."""

    def __init__(self, address: Address | None) -> None:
        self._address = address
        self._figures = WorkerFigures()
        self._endpoint: Endpoint | None = None
        self._spans: Spans | None = None
        self._told = False

    def attach(self, engine: "Embedded") -> None:
        """Raises Refused where the address cannot be had, or traces cannot be sent."""
        if self._address is None and not tracing():
            return
        self._figures.lives += 1
        if tracing():
            from flow_runtime.telemetry.spans import Spans

            self._spans = Spans()
        watch = Watch(engine.store, engine.incarnation.id, self._figures, self._spans)
        if self._address is not None:
            self._show(self._address, engine, watch)

    def _show(self, address: Address, engine: "Embedded", watch: Watch) -> None:
        from flow_runtime.telemetry.endpoint import Endpoint

        queue = None if engine.shared is None else engine.shared.exchange.queue
        if queue is not None:
            time_calls(queue, REDIS, self._figures.redis)
        self._endpoint = Endpoint(address, "worker", lambda: self._collect(engine, watch))
        self._address = self._endpoint.address  # the same port for the next one
        if not self._told:
            self._told = True
            say("worker", f"metrics at {self._endpoint.url}")

    def failed(self, error: Exception) -> None:
        """Of what an engine has ended."""
        self._figures.lost += isinstance(error, LostOwnership)

    def detach(self) -> None:
        """Before the engine is closed."""
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None
        if self._spans is not None:
            self._spans.close()
            self._spans = None

    def _collect(self, engine: "Embedded", watch: Watch) -> Iterator["Metric"]:
        from flow_runtime.telemetry.engine_families import engine_families
        from flow_runtime.telemetry.families import worker_families

        yield from engine_families(engine, watch)
        yield from worker_families(self._figures)

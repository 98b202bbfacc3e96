"""Answers Prometheus at an address of its own: what a role without an HTTP server has for it. There is no token, so it is on loopback unless
an address says otherwise."""

import errno
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import PackageNotFoundError, version

from flow_engine.errors import Refused
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from flow_runtime.role_log import say
from flow_runtime.telemetry.address import Address
from flow_runtime.telemetry.families import gauges


class Endpoint:
    """From its making on. `collect` gives the families, in a thread of each scrape. Raises Refused."""

    def __init__(self, address: Address, role: str, collect: Callable[[], Iterable[Metric]]) -> None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(role, collect))
        try:
            self._server, self._thread = start_http_server(address.port, address.host, registry)
        except OSError as error:
            raise Refused(_not_bound(address, error)) from None
        self.address = address._replace(port=self._server.server_port)

    @property
    def url(self) -> str:
        return f"http://{self.address}/metrics"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def shown(address: Address | None, role: str, collect: Callable[[], Iterable[Metric]]) -> Iterator[None]:
    """In the block, where there is an address. Raises Refused."""
    if address is None:
        yield
        return
    with closing(Endpoint(address, role, collect)) as endpoint:
        say(role, f"metrics at {endpoint.url}")
        yield


class _Families(Collector):
    def __init__(self, role: str, collect: Callable[[], Iterable[Metric]]) -> None:
        self._role, self._collect = role, collect

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield build_info(self._role)
        yield from self._collect()


def build_info(role: str) -> Metric:
    what = "The version of Flow, and which of its roles this is; always 1."
    return gauges("flow_build_info", what, ("version", "role"), [((flow_version(), role), 1)])


def flow_version() -> str:
    try:
        return version("flow-dsl")
    except PackageNotFoundError:
        return "unknown"


def _not_bound(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"metrics cannot be shown at {address}: the port is in use; give another with --metrics-port, or 0 for a free one"
    return f"metrics cannot be shown at {address}: {error.strerror or error}; give another address with FLOW_METRICS"

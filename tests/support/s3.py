"""An S3 for a test run: moto's server on a free loopback port, in memory, with one bucket."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

from support.tied import tied
from support.valkey import free_port

START = 30.0
"""Seconds that a start may take on a busy machine."""


class S3:
    """`environment` is what a process needs to reach it."""

    bucket = "flow-test"

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "test-key-id-of-flow",
            "AWS_SECRET_ACCESS_KEY": "test-secret-of-flow",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._log = folder / "moto.log"

    def start(self) -> "S3":
        command = tied(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.05)
        urlopen(Request(f"http://127.0.0.1:{self.port}/{self.bucket}", method="PUT"), timeout=20).close()
        return self

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

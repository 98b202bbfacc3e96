"""The worker processes of a distributed peer: `peer_workers.py FILE BODY FOLDER` is one, and calls `serve(body, folder)` of the peer's file."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peer_run import module_of

PATIENCE = 60.0
"""Seconds that the workers of a peer have for their start."""


@contextmanager
def workers(file: str, body: str, folder: Path, warm: Callable[[], object], count: int = 2) -> Iterator[None]:
    """`count` processes, each of which has run a task: `warm` submits one that calls `warmed(folder)`."""
    command = [sys.executable, __file__, file, body, str(folder)]
    log = folder / "workers.log"
    with log.open("wb") as stream:
        running = [subprocess.Popen(command, stdout=stream, stderr=stream) for _ in range(count)]
        try:
            _until_warm(running, folder, warm, log)
            yield
        except Exception as error:
            raise RuntimeError(f"{error or type(error).__name__}; the workers said: {_last(log)}") from error
        finally:
            for process in running:
                process.terminate()
            for process in running:
                _ended(process)


def warmed(folder: Path) -> None:
    """The body of a task that shows that this process is up; it lasts so long that another process takes the next."""
    (folder / f"warm-{os.getpid()}").touch()
    time.sleep(0.05)


def _until_warm(running: list[subprocess.Popen[bytes]], folder: Path, warm: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(list(folder.glob("warm-*"))) < 2:
        if time.monotonic() > deadline or any(process.poll() is not None for process in running):
            raise RuntimeError("the workers did not come up")
        warm()
        time.sleep(0.2)
    time.sleep(1.0)  # what was submitted to warm them is done


def _last(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "nothing"


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    file, body, folder = sys.argv[1:]
    module_of(Path(file)).serve(body, Path(folder))


if __name__ == "__main__":
    main()

"""A process that has imported everything, and forks one life of a scenario for each line that it reads: `{"scenario", "folder", "crash"}`.
With `trace` for a crash it writes each point that is passed to the file `trace` in the folder, and kills nothing.

It answers each with the status of the child. `FLOW_CRASH_AT` is set when it starts, so that the points are live in it.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from flow_engine import crash_points

from crash_points.scenarios import Drive, compile_all

PATIENCE = 60
"""Seconds that one life may last; then SIGALRM ends it."""


def serve() -> None:
    compile_all(Path(sys.argv[1]))
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _live(asked)
        print(os.waitpid(pid, 0)[1], flush=True)


def _live(asked: dict[str, Any]) -> None:
    status = 1
    folder = Path(asked["folder"])
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
        signal.alarm(PATIENCE)
        _arm(asked["crash"], folder)
        Drive(asked["scenario"], folder).live()
        status = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        raise
    finally:
        os._exit(status)


def _arm(crash: str, folder: Path) -> None:
    armed = crash_points.reached
    assert isinstance(armed, crash_points.Armed)
    if crash == "trace":
        file = os.open(folder / "trace", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        crash_points.Armed.__call__ = lambda self, point: os.write(file, f"{point}\n".encode())  # type: ignore[assignment]
    elif crash:
        armed.arm(crash)
    else:
        armed.disarm()


if __name__ == "__main__":
    serve()

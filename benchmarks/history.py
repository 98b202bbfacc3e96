"""history.jsonl: every figure that was saved, a JSON line each, with the machine that it was taken on."""

import json
import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path

HISTORY = Path(__file__).with_name("history.jsonl")


def append(figures: Iterable[dict[str, object]]) -> None:
    """Adds the figures, all with one time and the same machine."""
    machine = {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
    }
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with HISTORY.open("a", encoding="utf-8") as file:
        for figure in figures:
            file.write(json.dumps({"at": when, **machine, **figure}) + "\n")

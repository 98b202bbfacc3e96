"""Flow's side of the benchmark: the command itself, on a state folder of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from workloads import Shape, source_of

MANY_RUNS = Path(__file__).with_name("many_runs.py")
LIMIT = 600
"""Seconds that one measurement may take."""


class Unmeasured(Exception):
    """Why a workload could not be measured."""


def measure(shape: Shape, folder: Path) -> float:
    """Seconds from submit to done, as the run's document has them; of the whole process for W5; of all runs for W6."""
    file = folder / f"{shape.name}-{shape.body}.flow"
    file.write_text(source_of(shape, shape.body), encoding="utf-8")
    if shape.runs > 1:
        return float(_output([sys.executable, str(MANY_RUNS), str(file), str(shape.runs), str(shape.batch)], folder))
    start = time.perf_counter()
    said = _output(
        [flow_command(), "run", str(file), "--json", *(["--slots", "2"] if shape.name != "W5" else [])], folder
    )
    whole = time.perf_counter() - start
    document = json.loads(said)
    if document["state"] != "succeeded":
        raise Unmeasured(f"the run {document['state']}: {json.dumps(document['error'])[:200]}")
    return whole if shape.name == "W5" else _moment(document["finished_at"]) - _moment(document["created_at"])


def flow_command() -> str:
    found = shutil.which("flow", path=str(Path(sys.executable).parent)) or shutil.which("flow")
    if found is None:
        raise Unmeasured("the command flow is not installed beside this Python")
    return found


def _output(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT, env=environment_of(folder), check=False
        )
    except subprocess.TimeoutExpired:
        raise Unmeasured(f"not done after {LIMIT} s") from None
    if done.returncode:
        raise Unmeasured(f"exit {done.returncode}: {(done.stderr or done.stdout).strip()[-200:]}")
    return done.stdout


def environment_of(folder: Path) -> dict[str, str]:
    """This environment, with a state of its own in `folder`."""
    environment = {**os.environ, "FLOW_HOME": str(folder / "state"), "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled modules are kept, as after any installation
    return environment


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

"""The times of a peer: each measurement is a process of its own, run by the Python of the peer's environment."""

import argparse
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from measured import LIMIT, Unmeasured
from peer_run import Peer, load
from peer_venvs import python_of
from workloads import Shape, shapes

HERE = Path(__file__).parent
Prepared = Callable[[], AbstractContextManager[Mapping[str, str]]]


class Time(NamedTuple):
    """Seconds of a peer, the median. `scaled` by the number of tasks, from a smaller graph."""

    seconds: float
    scaled: bool


class Station(NamedTuple):
    """A peer, its file, the Python that it runs in, and what is made ready for each measurement: variables of its environment."""

    peer: Peer
    file: Path
    python: Path
    prepared: Prepared


def files_of(folder: Path, only: list[str] | None) -> list[Path]:
    """The files of the peers that were asked for, else of all. Unmeasured where there is none of a name."""
    known = {file.stem: file for file in sorted(folder.glob("*.py"))}
    chosen = only or sorted(known, key=lambda name: (name != "make", name))
    if unknown := [name for name in chosen if name not in known]:
        raise Unmeasured(f"no peer {', '.join(unknown)} in {folder}; there are {', '.join(known)}")
    return [known[name] for name in chosen]


def station_of(
    file: Path, cache: Path, failures: dict[str, str], prepared: Prepared = lambda: nullcontext({})
) -> Station | None:
    """None where it does not install: then `failures` says why."""
    peer = load(file)
    try:
        return Station(peer, file, python_of(peer.name, peer.install, cache), prepared)
    except Unmeasured as error:
        failures[peer.name] = str(error)
        return None


def time_of(station: Station, shape: Shape, options: argparse.Namespace, failures: dict[str, str]) -> Time | None:
    """None where the peer cannot run the workload, or does not: then `failures` says why."""
    peer = station.peer
    if shape.name not in peer.workloads:
        return None
    tasks = len(shape.parents) * shape.runs
    share = min(1.0, peer.most / tasks) if peer.most else 1.0
    scale = options.scale * share
    repeat = options.repeat + (shape.name == "W5")
    try:
        with tempfile.TemporaryDirectory(prefix="flow-peer-") as folder:
            times = [_once(station, shape, scale, Path(folder) / str(number)) for number in range(repeat)]
    except Unmeasured as error:
        failures[f"{peer.name} {shape.name}"] = str(error)
        return None
    [ran] = [len(each.parents) * each.runs for each in shapes(scale) if each.name == shape.name]
    return Time(statistics.median(times[shape.name == "W5" :]) * tasks / ran, ran != tasks)


def _once(station: Station, shape: Shape, scale: float, folder: Path) -> float:
    """Seconds from submit to done as the peer has them; for W5 those of the whole process."""
    folder.mkdir()
    command = [str(station.python), str(HERE / "peer_run.py"), str(station.file.resolve())]
    with station.prepared() as variables:
        start = time.perf_counter()
        said = _output([*command, shape.name, repr(scale), str(folder)], folder, variables)
        whole = time.perf_counter() - start
    if shape.name == "W5" and not station.peer.command:
        return whole
    return float(said.split()[-1])


def _output(command: list[str], folder: Path, variables: Mapping[str, str]) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**environment, **variables},
        start_new_session=True,
    ) as process:
        try:
            said, errors = process.communicate(timeout=LIMIT)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise Unmeasured(f"not done after {LIMIT} s") from None
            raise
    if process.returncode:
        lines = [line for line in errors.splitlines() if line.strip()] or ["it said nothing"]
        raise Unmeasured(f"exit {process.returncode}: {lines[-1].strip()[:200]}")
    return said

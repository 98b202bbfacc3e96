"""Measures Flow beside others: `python benchmarks/peers.py [--only luigi dask] [--scale 0.1] [--repeat 3] [--save]`.

Each peer is a file of benchmarks/peer/ and runs in a virtual environment of its own, which is made when it is first needed.
Prints a table of seconds (medians) and, in brackets, Flow's seconds divided by those of the other: below 1 Flow is faster.
`~` marks a time that was scaled by the number of tasks from a smaller graph. A peer that does not run is told below the table.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import history
from measured import LIMIT, Unmeasured
from peer_run import Peer, load
from peer_venvs import default_cache, python_of
from run import Figure, figures_of
from workloads import Shape, shapes

HERE = Path(__file__).parent
CELL = 16


class Time(NamedTuple):
    """Seconds of a peer, the median. `scaled` by the number of tasks, from a smaller graph."""

    seconds: float
    scaled: bool


def main() -> int:
    options = _options()
    known = {file.stem: file for file in sorted(options.peers.glob("*.py"))}
    chosen = options.only or sorted(known, key=lambda name: (name != "make", name))
    if unknown := [name for name in chosen if name not in known]:
        print(f"no peer {', '.join(unknown)} in {options.peers}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    failures: dict[str, str] = {}
    stations = [each for name in chosen if (each := _station(known[name], options, failures)) is not None]
    table = _Table([station.peer.name for station in stations])
    for shape in shapes(options.scale):
        if options.workloads and shape.name not in options.workloads:
            continue
        figure = next(figures_of(shape, options))
        times = {station.peer.name: _time(station, shape, options, failures) for station in stations}
        table.add(figure, times)
    for failure in failures.items():
        print("{}: not measured: {}".format(*failure))
    if options.save:
        history.append(table.records)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", metavar="PEER", help="peers, as in: make luigi")
    parser.add_argument("--workloads", nargs="*", metavar="W", help="workloads, as in: W1 W4")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; the median counts (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full sizes, for a quick look (1.0)")
    parser.add_argument("--save", action="store_true", help=f"append the figures to {history.HISTORY.name}")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where environments are kept (%(default)s)")
    parser.add_argument("--peers", type=Path, default=HERE / "peer", help="the folder of the peers' files")
    parser.set_defaults(shell=False, floors=False)
    return parser.parse_args()


class _Station(NamedTuple):
    """A peer, its file, and the Python that it runs in."""

    peer: Peer
    file: Path
    python: Path


def _station(file: Path, options: argparse.Namespace, failures: dict[str, str]) -> _Station | None:
    peer = load(file)
    try:
        return _Station(peer, file, python_of(peer.name, peer.install, options.cache))
    except Unmeasured as error:
        failures[peer.name] = str(error)
        return None


def _time(station: _Station, shape: Shape, options: argparse.Namespace, failures: dict[str, str]) -> Time | None:
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


def _once(station: _Station, shape: Shape, scale: float, folder: Path) -> float:
    """Seconds from submit to done as the peer has them; for W5 those of the whole process."""
    folder.mkdir()
    command = [str(station.python), str(HERE / "peer_run.py"), str(station.file.resolve())]
    start = time.perf_counter()
    said = _output([*command, shape.name, repr(scale), str(folder)], folder)
    whole = time.perf_counter() - start
    if shape.name == "W5" and not station.peer.command:
        return whole
    return float(said.split()[-1])


def _output(command: list[str], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
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


class _Table:
    """The rows, printed as they come."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.records: list[dict[str, object]] = []
        self._print(["", "Flow", "floor", *names])
        self._print(["---"] * (len(names) + 3))

    def add(self, figure: Figure, times: dict[str, Time | None]) -> None:
        cells = [_cell(None if each is None else each.seconds, figure.flow) for each in times.values()]
        marked = [
            f"~{cell}" if each and each.scaled else cell for cell, each in zip(cells, times.values(), strict=True)
        ]
        self._print([figure.workload, _cell(figure.flow, None), _cell(figure.floor, figure.flow), *marked])
        if figure.why:
            print(f"Flow {figure.workload}: not measured: {figure.why}")
        peers = {name: each._asdict() if each else None for name, each in times.items()}
        self.records.append({**figure._asdict(), "ratio": figure.ratio, "peers": peers})

    def _print(self, cells: list[str]) -> None:
        print(f"| {cells[0]:3} | {' | '.join(f'{cell:{CELL}}' for cell in cells[1:])} |", flush=True)


def _cell(seconds: float | None, flow: float | None) -> str:
    """Seconds, and Flow's ratio to them."""
    if seconds is None:
        return "-"
    if flow is None:
        return f"{seconds:.3f}"
    ratio = flow / seconds
    return f"{seconds:.3f} ({ratio:.2f}x)" if ratio >= 0.1 else f"{seconds:.3f} ({ratio:.1g}x)"


if __name__ == "__main__":
    sys.exit(main())

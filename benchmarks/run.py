"""Measures Flow beside the bare floor: `python benchmarks/run.py [--only W1 W2] [--repeat 3] [--save]`.

Prints a table of seconds (median of the repeats), the floor of the same run, and their ratio. `--save` appends the figures to
benchmarks/history.jsonl, a JSON line a workload. Figures move from machine to machine; ratios hold.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from floors import floors_of
from measured import Unmeasured, measure
from workloads import Shape, shapes

HISTORY = Path(__file__).with_name("history.jsonl")


class Figure(NamedTuple):
    """Seconds. `first` is a cold first run where it differs (W5). `why` says why Flow was not measured."""

    workload: str
    about: str
    body: str
    flow: float | None
    first: float | None
    floor: float
    floor_about: str
    why: str = ""

    @property
    def ratio(self) -> float | None:
        return self.flow / self.floor if self.flow is not None and self.floor else None


def main() -> int:
    options = _options()
    figures = []
    print(f"{'':4} {'shape':38} {'body':7} {'Flow s':>8} {'first s':>8} {'floor s':>8} {'ratio':>7}  floor")
    for shape in shapes(options.scale):
        if options.only and shape.name not in options.only:
            continue
        for figure in _figures(shape, options):
            figures.append(figure)
            print(_line(figure), flush=True)
    if options.save:
        _save(figures)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", metavar="W", help="workloads, as in: W1 W4")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; the median counts (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full sizes, for a quick look (1.0)")
    parser.add_argument("--floors", action="store_true", help="measure the floors alone")
    parser.add_argument(
        "--shell", action="store_true", help="measure shell bodies too where the workload's own are Python"
    )
    parser.add_argument("--save", action="store_true", help=f"append the figures to {HISTORY.name}")
    return parser.parse_args()


def _figures(shape: Shape, options: argparse.Namespace) -> Iterator[Figure]:
    bodies = [shape.body] + (["shell"] if options.shell and shape.body == "python" else [])
    for body in bodies:
        measured = shape._replace(body=body)
        floors = [floors_of(measured) for _ in range(options.repeat)]
        flow, first, why = (None, None, "") if options.floors else _flow(measured, options.repeat)
        for kind in range(len(floors[0])):
            seconds = statistics.median(each[kind].seconds for each in floors)
            yield Figure(shape.name, shape.about, body, flow, first, seconds, floors[0][kind].about, why)


def _flow(shape: Shape, repeat: int) -> tuple[float | None, float | None, str]:
    """The median, the first run's seconds, and why there are none."""
    folder = Path(tempfile.mkdtemp(prefix="flow-benchmark-"))
    try:
        times = [measure(shape, folder) for _ in range(repeat + 1)]
    except Unmeasured as error:
        return None, None, str(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return statistics.median(times[1:]), times[0], ""


def _line(figure: Figure) -> str:
    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    ratio = "-" if figure.ratio is None else f"{figure.ratio:.1f}x"
    return (
        f"{figure.workload:4} {figure.about:38} {figure.body:7} {shown(figure.flow):>8} {shown(figure.first):>8} "
        f"{shown(figure.floor):>8} {ratio:>7}  {figure.floor_about}{'  ! ' + figure.why if figure.why else ''}"
    )


def _save(figures: list[Figure]) -> None:
    machine = {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
    }
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with HISTORY.open("a", encoding="utf-8") as file:
        for figure in figures:
            file.write(json.dumps({"at": when, **machine, **figure._asdict(), "ratio": figure.ratio}) + "\n")


if __name__ == "__main__":
    sys.exit(main())

"""Measures Flow beside the bare floor: `python benchmarks/run.py [--only W1 W2] [--repeat 3] [--save]`.

Prints a table of seconds (median of the repeats), the floor of the same run, and their ratio. W7 has what a task costs as the
run grows, without a floor. `--save` appends the figures to benchmarks/history.jsonl, a JSON line a workload. Figures move from
machine to machine; ratios hold.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import history
from floors import floors_of
from growth import Growth, growths
from measured import Unmeasured, measure
from workloads import Shape, shapes


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
        for figure in figures_of(shape, options):
            figures.append(figure)
            print(_line(figure), flush=True)
    grown = [] if options.floors or (options.only and "W7" not in options.only) else _grown(options.scale)
    if options.save:
        history.append(figure._asdict() | {"ratio": figure.ratio} for figure in figures)
        history.append({"workload": "W7", **growth._asdict()} for growth in grown)
    return 0


def _grown(scale: float) -> list[Growth]:
    """W7, measured once: the largest takes as long as all others together. Runs kept: kept_runs.py."""
    grown: list[Growth] = []
    try:
        for growth in growths(scale):
            grown.append(growth)
            print(growth.line(grown[0]), flush=True)
    except Unmeasured as error:
        print(f"W7   ! {error}")
    return grown


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", metavar="W", help="workloads, as in: W1 W4")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; the median counts (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full sizes, for a quick look (1.0)")
    parser.add_argument("--floors", action="store_true", help="measure the floors alone")
    parser.add_argument(
        "--shell", action="store_true", help="measure shell bodies too where the workload's own are Python"
    )
    parser.add_argument("--save", action="store_true", help=f"append the figures to {history.HISTORY.name}")
    return parser.parse_args()


def figures_of(shape: Shape, options: argparse.Namespace) -> Iterator[Figure]:
    """The figures of a shape, one a body and floor; the floor that ratios use comes first."""
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


if __name__ == "__main__":
    sys.exit(main())

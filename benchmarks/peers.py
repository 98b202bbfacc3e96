"""Measures Flow beside others: `python benchmarks/peers.py [--only luigi dask] [--scale 0.1] [--repeat 3] [--save]`.

Each peer is a file of benchmarks/peer/ and runs in a virtual environment of its own, which is made when it is first needed.
Prints a table of seconds (medians) and, in brackets, Flow's seconds divided by those of the other: below 1 Flow is faster.
`~` marks a time that was scaled by the number of tasks from a smaller graph. A peer that does not run is told below the table.
"""

import argparse
import sys
from pathlib import Path

import history
from peer_report import report
from peer_table import PeerTable
from peer_times import station_of, time_of
from peer_venvs import default_cache
from run import figures_of
from workloads import shapes

HERE = Path(__file__).parent


def main() -> int:
    options = _options()
    return report(options, lambda files, failures: _measured(files, failures, options))


def _measured(files: list[Path], failures: dict[str, str], options: argparse.Namespace) -> list[dict[str, object]]:
    stations = [each for file in files if (each := station_of(file, options.cache, failures)) is not None]
    table = PeerTable(["Flow"], [station.peer.name for station in stations])
    records: list[dict[str, object]] = []
    for shape in shapes(options.scale):
        if options.workloads and shape.name not in options.workloads:
            continue
        figure = next(figures_of(shape, options))
        times = {station.peer.name: time_of(station, shape, options, failures) for station in stations}
        table.add(figure.workload, [figure.flow], figure.floor, list(times.values()))
        if figure.why:
            print(f"Flow {figure.workload}: not measured: {figure.why}")
        peers = {name: each._asdict() if each else None for name, each in times.items()}
        records.append({**figure._asdict(), "ratio": figure.ratio, "peers": peers})
    return records


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


if __name__ == "__main__":
    sys.exit(main())

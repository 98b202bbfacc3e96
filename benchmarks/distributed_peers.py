"""Measures Flow on PostgreSQL and Valkey beside others: `python benchmarks/distributed_peers.py [--only celery] [--scale 0.1]`.

Each peer is a file of benchmarks/distributed_peer/, with an environment of its own (peers.py), and has the servers that Flow has: one
Valkey, emptied before each measurement, and one PostgreSQL with fsync on, in which each measurement has a database of its own. Prints
a table of seconds (medians) from the submission to the last result. In brackets are the seconds of the first column of Flow divided by those of
the other: below 1 Flow is faster. `~` marks a time that was scaled by the number of tasks from a smaller graph.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import history
from distributed import cluster_of, figure_of
from peer_report import report
from peer_servers import PeerServers
from peer_table import PeerTable
from peer_times import Station, Time, station_of, time_of
from peer_venvs import default_cache
from workloads import Shape, shapes

HERE = Path(__file__).parent
WORKLOADS = ("W1", "W2", "W3", "W4", "W6")
"""W6x50 is not among them: no peer submits many runs in one transaction."""


class Flow(NamedTuple):
    """Seconds of Flow with so many workers, and of the floor of the same time."""

    seconds: float
    floor: float


def main() -> int:
    options = _options()
    return report(options, lambda files, failures: _measured(files, failures, options))


def _measured(files: list[Path], failures: dict[str, str], options: argparse.Namespace) -> list[dict[str, object]]:
    chosen = [each for each in shapes(options.scale) if each.name in options.workloads]
    flows = {workers: _flows(chosen, workers, options.repeat, failures) for workers in options.workers}
    with PeerServers() as servers:
        found = (station_of(file, options.cache, failures, servers.fresh) for file in files)
        stations = [each for each in found if each is not None]
        records = _compared(chosen, flows, stations, options, failures)
    for station in stations:
        if station.peer.note:
            print(f"{station.peer.name}: {station.peer.note}")
    return records


def _flows(chosen: list[Shape], workers: int, repeat: int, failures: dict[str, str]) -> dict[str, Flow]:
    """Of each workload. Its workers are gone when peers are measured."""
    flows = {}
    with cluster_of(workers) as (cluster, folder):
        for shape in chosen:
            try:
                figure, floor = figure_of(cluster, folder, shape, repeat)
            except TimeoutError as error:
                failures[f"Flow with {workers} {shape.name}"] = str(error)
                continue
            flows[shape.name] = Flow(figure.seconds, floor)
    return flows


def _compared(
    chosen: list[Shape],
    flows: Mapping[int, Mapping[str, Flow]],
    stations: list[Station],
    options: argparse.Namespace,
    failures: dict[str, str],
) -> list[dict[str, object]]:
    names = [station.peer.name for station in stations]
    table = PeerTable([f"Flow, {workers} worker{'s' if workers > 1 else ''}" for workers in flows], names)
    records: list[dict[str, object]] = []
    for shape in chosen:
        own = [each.get(shape.name) for each in flows.values()]
        times = [time_of(station, shape, options, failures) for station in stations]
        floor = next((each.floor for each in own if each), None)
        table.add(shape.name, [each and each.seconds for each in own], floor, times)
        records.append(_record(shape, dict(zip(flows, own, strict=True)), dict(zip(names, times, strict=True))))
    return records


def _record(shape: Shape, own: Mapping[int, Flow | None], times: Mapping[str, Time | None]) -> dict[str, object]:
    return {
        "workload": shape.name,
        "about": shape.about,
        "store": "postgres",
        "flow": {workers: each._asdict() if each else None for workers, each in own.items()},
        "peers": {name: each._asdict() if each else None for name, each in times.items()},
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", metavar="PEER", help="peers, as in: celery streaq")
    parser.add_argument("--workloads", nargs="*", choices=WORKLOADS, default=WORKLOADS, help="as in: W1 W4")
    parser.add_argument("--workers", nargs="*", type=int, default=[1, 3], help="of Flow: 1 with two slots, and 3")
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; the median counts (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full sizes, for a quick look (1.0)")
    parser.add_argument("--save", action="store_true", help=f"append the figures to {history.HISTORY.name}")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where environments are kept (%(default)s)")
    parser.add_argument("--peers", type=Path, default=HERE / "distributed_peer", help="the folder of the peers' files")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

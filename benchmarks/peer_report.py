"""A comparison with peers from its options to its exit code, whatever is measured."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import history
from measured import Unmeasured
from peer_times import files_of

Measure = Callable[[list[Path], dict[str, str]], list[dict[str, object]]]
"""Measures the peers of these files and prints the table; what could not be measured goes into the second one. Gives the records to save."""


def report(options: argparse.Namespace, measure: Measure) -> int:
    """0, also where something could not be measured, which is told below the table; 2 where a peer that was asked for is not there."""
    try:
        files = files_of(options.peers, options.only)
    except Unmeasured as error:
        print(error, file=sys.stderr)
        return 2
    failures: dict[str, str] = {}
    records = measure(files, failures)
    for failure in failures.items():
        print("{}: not measured: {}".format(*failure))
    if options.save:
        history.append(records)
    return 0

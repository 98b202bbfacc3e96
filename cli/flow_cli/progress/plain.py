"""Progress as lines, one when a task has ended: for pipes, logs and CI."""

import sys

from flow_engine.model import Awaits

from flow_cli.progress.board import Board, Line
from flow_cli.progress.text import seconds, waits_for


class PlainProgress:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._told: set[str] = set()
        self._waiting: set[str] = set()

    def start(self) -> None:
        _say(f"run {self._board.run}  {self._board.workflow.name}")

    def update(self) -> None:
        for line in self._board.lines:
            if line.finished and line.name not in self._told:
                self._told.add(line.name)
                _say(describe(line))
            for key, awaits in line.awaits.items():
                if key not in self._waiting and _is_told(line, awaits):
                    self._waiting.add(key)
                    _say(f"  {key:<24} {waits_for(self._board.run, key, awaits)}")

    def stop(self) -> None:
        self.update()
        for line in self._board.lines:
            if line.name not in self._told:
                _say(describe(line))

    def abandon(self) -> None:
        """Nothing has to be put back."""


def _is_told(line: Line, awaits: Awaits) -> bool:
    """A time needs no word, and of a `for` there may be thousands of child runs; what somebody has to answer is told each time."""
    return awaits.kind in ("approval", "event") or (awaits.kind == "child" and not line.loop)


def describe(line: Line) -> str:
    """`  fetch            succeeded  12 of 12  1.3s`"""
    took = seconds(line.last - line.first) if line.first and line.last else ""
    count = f"{line.done:,} of {line.total:,}" if line.loop and line.total is not None else ""
    extra = ", ".join(
        f"{number:,} {word}"
        for number, word in ((line.failed, "failed"), (line.skipped, "skipped"))
        if line.loop and number
    )
    retried = f"{line.retries} retried" if line.retries else ""
    notes = "  ".join(part for part in (count, extra, retried, took) if part)
    return f"  {line.name:<24} {line.state():<11} {notes}".rstrip()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

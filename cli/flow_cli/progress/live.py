"""Progress as a table that stays in place, on a terminal. rich is imported only when a run has lasted long enough to be watched."""

import time
from collections import Counter
from typing import TYPE_CHECKING

from flow_cli.progress.board import Board, Line
from flow_cli.progress.plain import PlainProgress
from flow_cli.progress.text import counted, seconds, waits_for

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

PATIENCE = 0.25
"""Seconds after which a run is shown live; shorter ones only leave their lines."""
FRAMES = 8
"""A second. The engine tells of more, and each table costs a look at every task."""
ROWS = 24

ICONS = {"waiting": ("·", "dim"), "running": ("▶", "cyan"), "succeeded": ("✓", "green"), "failed": ("✗", "bold red")}
ICONS |= {"skipped": ("↷", "yellow"), "cancelled": ("■", "yellow"), "not started": ("○", "dim")}


class LiveProgress:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._live: Live | None = None
        self._drawn = 0.0
        self._plain = PlainProgress(board)

    def start(self) -> None:
        self._plain.start()

    def update(self) -> None:
        if self._live is None and time.time() - self._board.began > PATIENCE:
            self._live = self._open()
        if self._live is not None and time.monotonic() - self._drawn > 1 / FRAMES:
            self._drawn = time.monotonic()
            self._live.update(self._table(ROWS))

    def stop(self) -> None:
        if self._live is None:
            self._plain.stop()
        else:
            self._live.update(self._table(None))
            self._live.stop()

    def abandon(self) -> None:
        """The command ends early: the terminal gets its cursor back."""
        if self._live is not None:
            self._live.stop()

    def _open(self) -> "Live":
        from rich.console import Console
        from rich.live import Live

        live = Live(console=Console(stderr=True), refresh_per_second=FRAMES, transient=False)
        live.start()
        return live

    def _table(self, limit: int | None) -> "Table":
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for whole in (True, False, True, False, True):
            table.add_column(no_wrap=whole)
        shown = self._shown(limit)
        for line in shown:
            icon, style = ICONS[line.state()]
            table.add_row(f"[{style}]{icon}[/]", line.name, _bar(line), f"[{style}]{_words(line)}[/]", _elapsed(line))
            for key, awaits in list(line.awaits.items())[:3]:
                if awaits.kind != "timer":
                    table.add_row("", "", "", escape(waits_for(self._board.run, key, awaits)), "")
        if hidden := [line for line in self._board.lines if line not in shown]:
            table.add_row("", f"[dim]{_more(hidden, bool(shown))}[/]", "", "", "")
        return table

    def _shown(self, limit: int | None) -> list[Line]:
        lines = self._board.lines
        if limit is None or len(lines) <= limit:
            return lines if limit is not None or len(lines) <= 2 * ROWS else [line for line in lines if line.failed]
        busy = [line for line in lines if line.state() in ("running", "failed")]
        return busy[:limit] or lines[:limit]


def _more(lines: list[Line], others: bool) -> str:
    """`and 54 more: 31 succeeded, 23 waiting`, or `60 tasks: 60 succeeded` where nothing else is shown."""
    counts = Counter(line.state() for line in lines)
    told = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
    return f"and {len(lines):,} more: {told}" if others else f"{counted(len(lines), 'task')}: {told}"


def _bar(line: Line) -> str:
    if not line.loop or not line.total:
        return ""
    ended = line.done + line.failed + line.skipped
    width = 20 * ended // line.total
    return f"[green]{'━' * width}[/][dim]{'━' * (20 - width)}[/] {ended:,}/{line.total:,}"


def _words(line: Line) -> str:
    retried = f" ({line.retries} retried)" if line.retries else ""
    state = line.state()
    counts = [(line.failed, "failed"), (line.skipped, "skipped")] if line.loop else []
    told = [f"{number:,} {word}" for number, word in counts if number]
    return ", ".join(([] if line.failed and state == "failed" and told else [state]) + told) + retried


def _elapsed(line: Line) -> str:
    if line.first is None:
        return ""
    return seconds((line.last if line.finished and line.last else time.time()) - line.first)

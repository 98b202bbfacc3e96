"""Follows a run to its end, wherever it is worked on, and tells how it ended."""

import json
import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from flow_engine import states
from flow_engine.model import RunRecord
from flow_runtime.document import external, run_document
from flow_runtime.run_reads import RunReads

from flow_cli import exits
from flow_cli.backends.runner import Watched
from flow_cli.progress.board import Board
from flow_cli.progress.plain import PlainProgress
from flow_cli.progress.text import seconds
from flow_cli.request import RunRequest

PATH_SHOWN_AFTER = 1.0
"""Seconds from which on a run is long enough to ask where its time went."""


def watch(watched: Watched, request: RunRequest) -> int:
    """The exit code. What people watch goes to standard error; the result, or the document of `--json`, to standard output."""
    interrupts = _Interrupts()
    progress = _progress(watched.board, request)
    progress.start()
    try:
        with interrupts:
            while not watched.over:
                watched.step()
                progress.update()
                if interrupts.fresh():
                    watched.cancel()
                    print("cancelling; press Ctrl-C again to stop at once", file=sys.stderr)
    except BaseException:
        progress.abandon()
        raise
    watched.board.settle(watched.tallies())
    progress.stop()
    code = report(watched.reads, watched.reads.run(watched.run), request)
    return exits.INTERRUPTED if interrupts.count else code


class _Interrupts:
    """Ctrl-C and SIGTERM: the first asks for a clean cancel, the second raises KeyboardInterrupt where the work stands."""

    def __init__(self) -> None:
        self.count = 0
        self._seen = 0

    def __enter__(self) -> "_Interrupts":
        self._before = [(number, signal.signal(number, self._note)) for number in (signal.SIGINT, signal.SIGTERM)]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)

    def fresh(self) -> bool:
        fresh, self._seen = self.count > self._seen, self.count
        return fresh

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt


def _progress(board: Board, request: RunRequest) -> Any:
    if request.quiet or (request.json and not sys.stderr.isatty()):
        return _Silence()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from flow_cli.progress.live import LiveProgress

        return LiveProgress(board)
    return PlainProgress(board)


class _Silence:
    def start(self) -> None: ...
    def update(self) -> None: ...
    def stop(self) -> None: ...
    def abandon(self) -> None: ...


def report(store: RunReads, record: RunRecord, request: RunRequest) -> int:
    """Tells how the run ended."""
    took = seconds((record.finished_at or time.time()) - (record.started_at or record.created_at))
    if record.state != states.SUCCEEDED:
        from flow_cli.failures import failure_report

        told = failure_report(store, record)
        if told:
            print(f"\n{told}\n", file=sys.stderr)
    if not request.quiet:
        print(f"{record.state} in {took}", file=sys.stderr)
        long = (record.finished_at or 0.0) - (record.started_at or 0.0) > PATH_SHOWN_AFTER
        if long:
            _tell_path(store, record)
    if request.json:
        print(json.dumps(run_document(store, record), ensure_ascii=False))
    elif record.result is not None:
        print(_shown(store, record))
    return exits.OK if record.state == states.SUCCEEDED else exits.FAILED


def _tell_path(store: RunReads, record: RunRecord) -> None:
    from flow_cli.critical import path_text

    if path := path_text(store, record):
        print(f"critical path: {path}", file=sys.stderr)


def _shown(store: RunReads, record: RunRecord) -> str:
    value = external(store.plan(record.plan_hash, record.workflow).workflow.result, record.result)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)

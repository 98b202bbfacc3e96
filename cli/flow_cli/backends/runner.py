"""Beginning runs and working on them, or watching, to their end."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from flow_engine.model import Tally
from flow_runtime.run_reads import RunReads

from flow_cli.progress.board import Board
from flow_cli.request import RunRequest


class Watched(Protocol):
    """A run on its way to its end. `step` keeps `board` up to date and takes a moment at most."""

    run: str
    board: Board

    @property
    def reads(self) -> RunReads: ...

    @property
    def over(self) -> bool: ...

    def step(self) -> None:
        """Raises StoreError where it cannot go on; the message tells how to."""
        ...

    def cancel(self) -> None:
        """Asks for a clean end; the run is over some time later."""
        ...

    def tallies(self) -> Sequence[Tally]:
        """The rows of the run, counted, once it is over."""
        ...


class Runner(Protocol):
    def start(self, request: RunRequest, last: bool) -> AbstractContextManager[Watched]:
        """The run that was asked for. `last`: the process ends next."""
        ...

    def submit(self, request: RunRequest, runs: Sequence[dict[str, Any]]) -> list[tuple[str, bool]]:
        """Leaves runs for others to work on, all or none: their ids, and whether each is new. Each has `params` beside those of the
        request, and may have `priority`, `labels` and `idempotency_key`."""
        ...

    def retry(self, run: str | None, file: str | None, request: RunRequest) -> AbstractContextManager[Watched]:
        """Goes on with an ended run from what failed, or begins one of an edited file that takes over what still holds."""
        ...

    def diff(self, run: str | None, file: str) -> dict[str, Any]:
        """`{"run", "tasks": [{"task", "reused", "reason"}], "removed", "again"}`: `again` says whether something of the file's main phase
        runs again."""
        ...

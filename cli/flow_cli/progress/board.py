"""The counts of one run, kept from what the worker tells."""

import time
from collections.abc import Iterable

from flow_engine.model import Claim, Completion, Expanded, Failed, Skipped, Succeeded, TaskRecord
from flow_lang.plan import Workflow

WORDS = {"upstream_failed": "not started"}


class Line:
    """One task of the workflow. For a `for`, `total` is known once its list is."""

    def __init__(self, name: str, loop: bool) -> None:
        self.name = name
        self.loop = loop
        self.total: int | None = None if loop else 1
        self.running = 0
        self.done = self.failed = self.skipped = self.retries = 0
        self.first: float | None = None
        self.last: float | None = None
        self.settled = ""

    @property
    def finished(self) -> bool:
        return self.total is not None and self.done + self.failed + self.skipped >= self.total

    def state(self) -> str:
        if self.settled:
            return self.settled
        if self.failed:
            return "failed"
        if self.finished:
            return "skipped" if self.skipped and not self.done else "succeeded"
        return "running" if self.running or self.first is not None else "waiting"


class Board:
    """Is a worker's Observer for one run."""

    def __init__(self, run: str, workflow: Workflow) -> None:
        self.run = run
        self.workflow = workflow
        self.lines = [Line(task.name, bool(task.loop)) for task in workflow.tasks]
        self.began = time.time()
        self.over = False
        self._node: dict[int, int] = {}

    def claimed(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            if claim.task.run != self.run:
                continue
            self._node[claim.task.seq] = claim.node
            line = self.lines[claim.node]
            line.first = line.first or time.time()
            if not claim.expands:
                line.running += 1
                line.retries += claim.attempt > 1

    def completed(self, completions: Iterable[Completion]) -> None:
        for completion in completions:
            if completion.task.run != self.run:
                continue
            node = self._node.pop(completion.task.seq, None)
            if node is not None:
                self._end(self.lines[node], completion)

    def settle(self, rows: Iterable[TaskRecord]) -> None:
        """The states that the tasks ended in, which the counts alone cannot tell: cancelled, or not started."""
        for row in rows:
            if row.place is None:
                self.lines[row.node].settled = WORDS.get(row.state, row.state)

    def ended(self, run: str) -> None:
        self.over = self.over or run == self.run

    def _end(self, line: Line, completion: Completion) -> None:
        outcome = completion.outcome
        if isinstance(outcome, Expanded):
            line.total = outcome.size
            return
        line.running -= 1
        line.last = time.time()
        line.done += isinstance(outcome, Succeeded)
        line.skipped += isinstance(outcome, Skipped)
        line.failed += isinstance(outcome, Failed) and self._is_last(line, completion)

    def _is_last(self, line: Line, completion: Completion) -> bool:
        """Whether no attempt follows; a shown count may be early where `retry` names errors, and the final table is not."""
        task = self.workflow.task(line.name)
        return completion.attempt > task.retry.retries

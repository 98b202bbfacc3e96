"""The counts of one run, kept from what the worker tells."""

import time
from collections.abc import Iterable

from flow_engine import states
from flow_engine.decisions.retry import delay_after
from flow_engine.model import Awaits, Claim, Completion, Expanded, Failed, Skipped, Succeeded, Suspended, Tally
from flow_lang.plan import Workflow

WORDS = {"upstream_failed": "not started"}


class Line:
    """One task of the workflow. For a `for`, `total` is known once its list is."""

    def __init__(self, name: str, loop: bool, optional: bool = False) -> None:
        self.name = name
        self.loop = loop
        self.optional = optional
        self.total: int | None = None if loop else 1
        self.running = 0
        self.done = self.failed = self.skipped = self.retries = 0
        self.first: float | None = None
        self.last: float | None = None
        self.settled = ""
        self.awaits: dict[str, Awaits] = {}
        """What its instances wait for, by their key."""

    @property
    def finished(self) -> bool:
        return self.total is not None and self.done + self.failed + self.skipped >= self.total

    def state(self) -> str:
        if self.settled:
            return self.settled
        if self.failed and not self.optional:
            return "failed"
        if self.finished:
            return "skipped" if self.skipped and not self.done else "succeeded"
        if self.awaits and not self.running:
            return "waiting"
        return "running" if self.running or self.first is not None else "waiting"


class Board:
    """Is a worker's Observer for one run."""

    def __init__(self, run: str, workflow: Workflow) -> None:
        self.run = run
        self.workflow = workflow
        self.lines = [Line(task.name, bool(task.loop), task.optional) for task in workflow.tasks]
        self.began = time.time()
        self.over = False
        self._node: dict[int, int] = {}
        self._place: dict[int, int | None] = {}
        self._failures: dict[int, int] = {}

    def claimed(self, claims: Iterable[Claim]) -> None:
        now = time.time()
        for (run, seq), attempt, node, place, expands, awaits, _ in claims:
            if run != self.run:
                continue
            self._node[seq] = node
            line = self.lines[node]
            line.first = line.first or now
            if expands:
                continue
            line.running += 1
            line.retries += attempt > 1 and awaits is None
            if line.awaits:
                line.awaits.pop(_key(line, place), None)
            self._place[seq] = place

    def completed(self, completions: Iterable[Completion]) -> None:
        now = time.time()
        for completion in completions:
            run, seq = completion.task
            if run != self.run:
                continue
            node = self._node.pop(seq, None)
            if node is not None:
                self._end(self.lines[node], completion, now)

    def settle(self, tallies: Iterable[Tally]) -> None:
        """How the tasks have ended. What was told cannot give it: the worker says nothing of what was skipped, cancelled or not started
        because of others, nor of what had ended before the run was tried again."""
        for line in self.lines:
            line.done = line.failed = line.skipped = 0
        for node, is_whole, state, size, count in tallies:
            line = self.lines[node]
            if is_whole:
                line.settled = WORDS.get(state, state)
                line.total = size if line.loop else 1
            if line.loop is not is_whole:
                line.done += count * (state == states.SUCCEEDED)
                line.failed += count * (state == states.FAILED)
                line.skipped += count * (state == states.SKIPPED)

    def ended(self, run: str) -> None:
        self.over = self.over or run == self.run

    def _end(self, line: Line, completion: Completion, now: float) -> None:
        outcome = completion.outcome
        if isinstance(outcome, Expanded):
            line.total = outcome.size
            return
        line.running -= 1
        place = self._place.pop(completion.task.seq, None)
        if isinstance(outcome, Suspended):
            line.awaits[_key(line, place)] = outcome.awaits
            return
        line.last = now
        if isinstance(outcome, Succeeded):
            line.done += 1
            return
        line.skipped += isinstance(outcome, Skipped)
        line.failed += isinstance(outcome, Failed) and self._is_last(line, completion)

    def _is_last(self, line: Line, completion: Completion) -> bool:
        """Whether no attempt follows. A shown count may be early where a run goes on that had failures before; the final table is not."""
        seq, outcome = completion.task.seq, completion.outcome
        assert isinstance(outcome, Failed)
        self._failures[seq] = self._failures.get(seq, 0) + 1
        policy = self.workflow.task(line.name).retry
        return not outcome.retryable or delay_after(policy, self._failures[seq], outcome.code, lambda: 0.0) is None


def _key(line: Line, place: int | None) -> str:
    return line.name if place is None else f"{line.name}[{place}]"

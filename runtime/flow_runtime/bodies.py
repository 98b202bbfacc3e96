"""The bodies of one worker, as its slots run them: how they end, what is told of them meanwhile, and what is ended before its time."""

import time
from collections.abc import Callable, Iterable, Iterator

from flow_engine.model import Claim, Completion, Started, Succeeded

from flow_runtime.dispatch import Dispatcher
from flow_runtime.processes.pool import SlotPool
from flow_runtime.processes.slot_view import Answer

WATCH = 0.15
"""Seconds between two looks at what other processes ask for (cancel), and until a running body is told to those who watch."""


class Bodies:
    def __init__(self, pool: SlotPool, dispatcher: Dispatcher) -> None:
        self._pool = pool
        self._dispatcher = dispatcher
        self._told: set[tuple[str, int, int]] = set()

    def completions(self, answers: Iterable[Answer]) -> Iterator[Completion]:
        """With the entry of a result that is to be kept."""
        entries, told, worker = self._dispatcher.entries, self._told, self._dispatcher.incarnation
        for claim, outcome, started, finished, log in answers:
            task, attempt = claim.task, claim.attempt
            if entries:
                entry = entries.pop((task, attempt), None)
                if entry is not None and isinstance(outcome, Succeeded):
                    outcome = outcome._replace(cache=entry)
            if told:
                told.discard((task.run, task.seq, attempt))
            yield Completion(task, attempt, worker, outcome, started, finished, log)

    def newly_started(self, now: float) -> list[Started]:
        """Those that have run for a while and are not yet known to run. `now` in seconds since the epoch."""
        started: list[Started] = []
        clock = time.monotonic()
        for _, sent, since in self._pool.running():
            task, attempt = sent.claim.task, sent.claim.attempt
            mark = (task.run, task.seq, attempt)
            if clock - since > WATCH and mark not in self._told:
                self._told.add(mark)
                started.append(Started(task, attempt, self._dispatcher.incarnation, now - (clock - since), None))
        return started

    def end(self, ending: Callable[[Claim], bool]) -> None:
        """Asks those that run to end: SIGTERM now, SIGKILL when the grace time is over."""
        now = time.monotonic()
        for view, sent, _ in self._pool.running():
            if ending(sent.claim):
                view.end_head("cancelled", now)

    def press(self) -> None:
        """Ends those whose time is over, and for good what was asked to end and did not."""
        now = time.monotonic()
        for view, sent, since in self._pool.running():
            if sent.timeout is not None and now - since >= sent.timeout:
                view.end_head(sent.limit, now)
        self._pool.press()

    def limits(self) -> Iterator[float]:
        """When the time of each is over, by the monotonic clock."""
        for view, sent, since in self._pool.running():
            if sent.timeout is not None and view.kill is None:
                yield since + sent.timeout

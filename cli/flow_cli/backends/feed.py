"""A board that is kept by what a server tells of a run."""

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import datetime

from flow_client.answers import Change
from flow_client.documents import TaskDocument
from flow_engine import states
from flow_engine.model import Awaits

from flow_cli.progress.board import Board, Line

_ENDS = {states.SUCCEEDED: "done", states.FAILED: "failed", states.SKIPPED: "skipped"}
_SUSPENDING = ("wait", "child")
"""Bodies whose task waits for something that people are told of."""
_WAITING = 10_000
"""Changes that have come and were not looked at."""


class Feed:
    """`task_of` asks the server for the document of a task."""

    def __init__(self, board: Board, task_of: Callable[[str], TaskDocument]) -> None:
        self._board, self._task_of = board, task_of
        self._lines = {line.name: line for line in board.lines}
        self._kinds = {task.name: task.body.kind for task in board.workflow.tasks}
        self._states: dict[str, str] = {}
        self._attempts: dict[str, int] = {}

    def take(self, change: Change) -> None:
        name = change.task.partition("[")[0]
        line = self._lines.get(name)
        if line is None:  # it is of the run
            return
        if change.state == states.EXPANDING and change.task == name:
            line.total = self._task_of(change.task).get("instances")
        if line.loop and change.task == name:
            line.first = line.first or at(change)
            return
        self._count(line, change)

    def _count(self, line: Line, change: Change) -> None:
        """Of a task that has a body: what it was no longer, what it is now."""
        before, now = self._states.get(change.task, ""), change.state
        if now == before or (now in states.IN_FLIGHT and before in states.IN_FLIGHT):
            return
        self._states[change.task] = now
        line.running += (now in states.IN_FLIGHT) - (before in states.IN_FLIGHT)
        for state, counter in _ENDS.items():
            setattr(line, counter, getattr(line, counter) + (now == state) - (before == state))
        if now in states.IN_FLIGHT:
            line.first = line.first or at(change)
            line.retries += change.attempt > max(self._attempts.get(change.task, 1), 1)
            self._attempts[change.task] = change.attempt
        if now in _ENDS:
            line.last = at(change)
        self._await(line, change)

    def _await(self, line: Line, change: Change) -> None:
        line.awaits.pop(change.task, None)
        if change.state != states.WAITING or self._kinds[line.name] not in _SUSPENDING:
            return
        found = self._task_of(change.task).get("awaits")
        if found is not None:
            due = found["until"]
            seconds = None if due is None else datetime.fromisoformat(due).timestamp()
            line.awaits[change.task] = Awaits(found["kind"], found["name"], found["text"], seconds)


def at(change: Change) -> float:
    return datetime.fromisoformat(change.at).timestamp()


class Reader:
    """Reads a stream of changes in a thread, so that who shows them is never held up, by Ctrl-C for example."""

    def __init__(self, changes: Iterator[Change]) -> None:
        self.ended = False
        self._found: queue.Queue[Change | Exception | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._read, args=(changes,), name="flow-changes", daemon=True)
        self._thread.start()

    def take(self, seconds: float) -> Change | None:
        """The next change, if it comes within that time; `ended` is set after the last. Raises what the stream raised."""
        try:
            found = self._found.get(timeout=seconds)
        except queue.Empty:
            return None
        if found is None:
            self.ended = True
        if isinstance(found, Exception):
            raise found
        return found

    def _read(self, changes: Iterator[Change]) -> None:
        try:
            for change in changes:
                self._found.put(change)
            self._found.put(None)
        except Exception as error:  # noqa: BLE001  raised again where it is looked for
            self._found.put(error)

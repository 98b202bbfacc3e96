"""What the bodies of a run wrote, in the order in which people read it: failed tasks first, each attempt under a title."""

import codecs
import os
from collections.abc import Iterator, Sequence

from flow_engine import states
from flow_engine.errors import Refused
from flow_engine.model import TaskRecord
from flow_lang.named import NamedTuple
from flow_lang.plan import Plan

from flow_runtime.document import key_of
from flow_runtime.executors.work import captured_path, log_name
from flow_runtime.log_files import LogFiles
from flow_runtime.log_reader import LogReader


class UnknownTask(Refused):
    pass


class Piece(NamedTuple):
    """Some text, under the title of its attempt: `--- fetch[3], attempt 2`."""

    title: str
    text: str


class RunLogs:
    """`logs` are those of the state; `task` and `attempt`: only those, where they are given. Each call of `new` gives what has come
    since the one before. Raises UnknownTask."""

    def __init__(self, logs: LogFiles, run: str, plan: Plan, task: str | None, attempt: int | None) -> None:
        known = [item.name for item in plan.workflow.tasks]
        if task is not None and task.partition("[")[0] not in known:
            raise UnknownTask(f"the workflow has no task {task}; it has: {', '.join(known)}")
        self._logs, self._run, self._plan, self._task, self._attempt = logs, run, plan, task, attempt
        self._reader = LogReader()

    def new(self, rows: Sequence[TaskRecord], ended: bool) -> Iterator[Piece]:
        """To be taken to its end. `ended`: the run has, so that nothing may be left out. Raises StorageError."""
        there = self._logs.names(self._run, fresh=ended)  # most bodies write nothing, and there may be 100,000
        chosen = [row for row in rows if self._matches(row)]
        for row in sorted(chosen, key=lambda row: (row.state != states.FAILED, row.seq)):
            for number in range(1, row.attempt + 1) if self._attempt is None else [self._attempt]:
                name = log_name(row.seq, number)
                if there.intersection((name, captured_path(name))):
                    title = f"--- {key_of(self._plan, row)}" + (f", attempt {number}" if row.attempt > 1 else "")
                    yield from self._attempt_pieces(self._logs.path(self._run, name), title)

    def _attempt_pieces(self, path: str, title: str) -> Iterator[Piece]:
        """The log, and while the body runs the standard output that will be its result; that goes to the end of the log afterwards."""
        captured = captured_path(path)
        yield from self._file_pieces(captured, title)
        if captured in self._reader and not os.path.exists(captured):
            self._reader.move(captured, path)
        yield from self._file_pieces(path, title)

    def _file_pieces(self, path: str, title: str) -> Iterator[Piece]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text, grown = "", False
        for block in self._reader.read(path):
            grown, text = True, decoder.decode(block)
            yield Piece(title, text)
        if grown:
            cut = decoder.decode(b"", True)  # the rest of a character
            rest = cut + ("" if (cut or text).endswith("\n") else "\n")
            if rest:
                yield Piece(title, rest)

    def _matches(self, row: TaskRecord) -> bool:
        return (
            self._task is None
            or key_of(self._plan, row) == self._task
            or self._plan.workflow.tasks[row.node].name == self._task
        )

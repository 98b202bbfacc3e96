"""`flow logs`: what bodies wrote."""

import codecs
import os
import sys
import time

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan
from flow_runtime.document import key_of
from flow_runtime.executors.work import captured_path, log_name
from flow_runtime.log_files import LogFiles
from flow_runtime.log_reader import LogReader
from flow_runtime.storage_logs import logs_of

from flow_cli import exits
from flow_cli.commands.runs import find_run, here
from flow_cli.failure import CommandError
from flow_cli.progress.text import printable

FOLLOW = 0.1
"""Seconds between two looks of `logs -f`."""


def logs(run: str | None, task: str | None, attempt: int | None, follow: bool) -> int:
    state, store = here()
    record = find_run(store, run)
    plan = store.plan(record.plan_hash, record.workflow)
    if task is not None:
        known = [item.name for item in plan.workflow.tasks]
        if task.partition("[")[0] not in known:
            raise CommandError(
                exits.USAGE, "unknown_task", f"the workflow has no task {task}; it has: {', '.join(known)}"
            )
    printer = _Printer(logs_of(state), plan, task, attempt)
    while True:
        record = store.run(record.id)
        grown = printer.print_new(store, record)
        if not follow or (record.finished_at is not None and not grown):
            if not printer.has_printed:
                of = f"{task} of " if task is not None else ""
                at = f" in attempt {attempt}" if attempt is not None else ""
                print(f"{of}run {record.id} has written nothing{at}", file=sys.stderr)
            return exits.OK
        time.sleep(FOLLOW)


class _Printer:
    """`task` and `attempt`: only those, where they are given."""

    def __init__(self, logs: LogFiles, plan: Plan, task: str | None, attempt: int | None) -> None:
        self._logs, self._plan, self._task, self._attempt = logs, plan, task, attempt
        self._reader = LogReader()
        self._title = ""
        self.has_printed = False

    def print_new(self, store: Store, record: RunRecord) -> bool:
        """Prints what is new in the logs, those of failed tasks first; whether there was anything."""
        grown = False
        rows = [row for row in store.tasks(record.id) if self._matches(row)]
        rows.sort(key=lambda row: (row.state != states.FAILED, row.seq))
        # most bodies write nothing, and there may be 100,000
        there = self._logs.names(record.id, fresh=record.finished_at is not None)
        for row in rows:
            for number in range(1, row.attempt + 1) if self._attempt is None else [self._attempt]:
                name = log_name(row.seq, number)
                if not there.intersection((name, captured_path(name))):
                    continue
                title = f"--- {key_of(self._plan, row)}" + (f", attempt {number}" if row.attempt > 1 else "")
                grown |= self._print_attempt(self._logs.path(record.id, name), title)
        return grown

    def _print_attempt(self, path: str, title: str) -> bool:
        """The log, and while the body runs the standard output that will be its result; that goes to the end of the log afterwards."""
        captured = captured_path(path)
        grown = self._print_file(captured, title)
        if captured in self._reader and not os.path.exists(captured):
            self._reader.move(captured, path)
        return self._print_file(path, title) or grown

    def _print_file(self, path: str, title: str) -> bool:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        terminal = sys.stdout.isatty()
        text = ""
        grown = False
        for block in self._reader.read(path):
            if self._title != title:
                print(title)
                self._title = title
            grown = True
            text = decoder.decode(block)
            print(printable(text) if terminal else text, end="")
        if grown:
            self.has_printed = True
            cut = decoder.decode(b"", True)  # the rest of a character
            print(cut + ("" if (cut or text).endswith("\n") else "\n"), end="", flush=True)
        return grown

    def _matches(self, row: TaskRecord) -> bool:
        return (
            self._task is None
            or key_of(self._plan, row) == self._task
            or self._plan.workflow.tasks[row.node].name == self._task
        )

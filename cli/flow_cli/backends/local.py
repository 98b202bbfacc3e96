"""The state on this machine."""

import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from flow_engine import states
from flow_engine.dead_letters.contract import LetterFilter
from flow_engine.errors import Unreadable
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import RunFilter, Store
from flow_engine.stores.reads import readable
from flow_engine.stores.sqlite import SqliteStore
from flow_lang.plan import Plan
from flow_runtime.document import run_document
from flow_runtime.embedded import Embedded, open_store
from flow_runtime.executors.contract import need_kinds
from flow_runtime.graph.render import render
from flow_runtime.letters import letter_document, letters_page
from flow_runtime.run_graph import graph_of_run
from flow_runtime.run_logs import Piece, RunLogs
from flow_runtime.signals import approve, send_event, waiting
from flow_runtime.state_folder import StateFolder, find_state
from flow_runtime.storage_logs import logs_of
from flow_runtime.why import why_document

from flow_cli import exits
from flow_cli.backends.contract import Answered, Listed, Sent
from flow_cli.failure import CommandError

LOOK = 0.1
"""Seconds between two looks at something that is waited for."""
_ALL = 1_000_000


def here(make: bool = False) -> tuple[StateFolder, Store]:
    """The state of the working folder. To look at one that is not there does not make it, but for what goes on with a run."""
    state = find_state(os.getcwd())
    there = make or state.database_url or os.path.exists(state.database)
    return state, open_store(state) if there else SqliteStore(":memory:")


def find_run(store: Store, run: str | None) -> RunRecord:
    """The named run, by its id or the start of it; the newest where none is named, child runs left aside."""
    if run is not None:
        return store.run(run)
    newest = store.runs(RunFilter(limit=1, top=True))
    if not newest:
        raise CommandError(exits.USAGE, "no_runs", "there are no runs yet; start one with: flow run FILE")
    return newest[0]


class LocalBackend:
    def __init__(self, make: bool = False) -> None:
        self._state, self._store = here(make)

    def run(self, run: str) -> RunRecord:
        return self._store.run(run)

    def plan(self, plan_hash: str, workflow: str | None = None) -> Plan:
        return self._store.plan(plan_hash, workflow)

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]:
        return self._store.tasks(run, values)

    def has_labels(self, labels: Collection[str]) -> bool | None:
        return self._store.has_labels(labels)

    def find(self, run: str | None) -> RunRecord:
        return find_run(self._store, run)

    def list(self, wanted: RunFilter) -> Listed:
        damaged: list[Unreadable] = []
        records = self._store.runs(wanted, damaged.append)
        documents = []
        for record in records:
            try:
                with readable(f"run {record.id}"):
                    documents.append(run_document(self._store, record, with_tasks=False))
            except Unreadable as error:
                damaged.append(error)
        return Listed(documents, self._interrupted(records), [str(error) for error in damaged])

    def is_interrupted(self, record: RunRecord) -> bool:
        return bool(self._interrupted([record]))

    def _interrupted(self, records: Sequence[RunRecord]) -> set[str]:
        """Runs that have begun and whose worker is dead."""
        begun = {record.id for record in records if record.state == states.RUNNING}
        return begun.intersection(self._store.unowned(_ALL)) if begun else set()

    def cancel(self, record: RunRecord, wait: float) -> str:
        if not self._store.request_cancel(record.id, time.time()):
            return ""
        if record.id in self._store.unowned(_ALL):
            need_kinds(self.plan(record.plan_hash, record.workflow))  # who runs them finds that it was asked for
            self._store.close()
            return _cancel_here(self._state, record.id)
        deadline = time.monotonic() + wait
        while (state := self.run(record.id).state) not in states.RUN_FINAL and time.monotonic() < deadline:
            time.sleep(LOOK)
        return state

    def logs(self, record: RunRecord, task: str | None, attempt: int | None, follow: bool) -> Iterator[Piece]:
        plan = self.plan(record.plan_hash, record.workflow)
        found = RunLogs(logs_of(self._state), record.id, plan, task, attempt)
        while True:
            record = self.run(record.id)
            grown = False
            for piece in found.new(self.tasks(record.id), record.finished_at is not None):
                grown = True
                yield piece
            if not follow or (record.finished_at is not None and not grown):
                return
            time.sleep(LOOK)

    def graph(self, run: str, format_: str) -> bytes:
        return render(graph_of_run(self._store, self.run(run), time.time()), format_)

    def why(self, record: RunRecord, task: str) -> dict[str, Any]:
        return why_document(self._store, record, task)

    def approve(self, record: RunRecord, task: str | None, answer: bool, by: str) -> Answered:
        chosen = approve(self._store, record, task, answer, by)
        return Answered(chosen.run, chosen.key, chosen.awaits.text)

    def signal(self, record: RunRecord, event: str, value: Any, by: str) -> Sent:
        takers = send_event(self._store, record, event, value, by)
        open_ = {item.awaits.name for item in waiting(self._store, record) if item.awaits.kind == "event"}
        return Sent(record.id, [(item.run, item.key) for item in takers], sorted(open_))

    def deploy(self, target: str) -> Sequence[dict[str, Any]]:
        from flow_runtime.schedules.workflows import deployed_document

        from flow_cli.backends.deployments import deploy_target, state_of

        state = state_of(target)
        with closing(open_store(state)) as store:
            return [deployed_document(one) for one in deploy_target(store, target, state)]

    def workflows(self) -> Sequence[dict[str, Any]]:
        from flow_runtime.schedules.workflows import version_document

        return [version_document(one) for one in self._store.workflows()]

    def workflow(self, name: str) -> dict[str, Any]:
        from flow_runtime.schedules.workflows import workflow_document

        return workflow_document(self._store, self._store.versions(name, 1)[0])

    def remove_workflow(self, name: str) -> None:
        self._store.remove_workflow(name)

    def schedules(self) -> Sequence[dict[str, Any]]:
        return [_schedule(record) for record in self._store.schedules()]

    def schedule(self, name: str) -> dict[str, Any]:
        return _schedule(self._store.schedule(name))

    def hold(self, name: str, paused: bool) -> tuple[bool, dict[str, Any]]:
        now = time.time()
        change = self._store.pause_schedule if paused else self._store.resume_schedule
        return change(name, now), self.schedule(name)

    def remove_schedule(self, name: str) -> None:
        self._store.remove_schedule(name)

    def backfill(self, name: str, start: str, end: str, dry_run: bool) -> Sequence[dict[str, Any]]:
        from flow_runtime.schedules.backfill import backfill_documents

        record = self._store.schedule(name)
        return backfill_documents(
            self._store, record, datetime.fromisoformat(start), datetime.fromisoformat(end), dry_run
        )

    def letters(self, wanted: LetterFilter) -> tuple[Sequence[dict[str, Any]], int | None]:
        return letters_page(self._store, wanted)

    def letter(self, letter: str) -> dict[str, Any]:
        return letter_document(self._store.letters.letter(letter))

    def drop_letter(self, letter: str) -> str:
        return "" if self._store.letters.drop(letter, time.time()) else self._store.letters.letter(letter).state

    def pools(self) -> dict[str, int]:
        return self._store.pools()

    def set_pool(self, name: str, slots: int) -> str:
        with closing(open_store(self._state)) as store:
            store.set_pool(name, slots)
        return self._state.name


def _schedule(record: Any) -> dict[str, Any]:
    from flow_runtime.schedules.document import schedule_document

    return schedule_document(record)


def _cancel_here(state: StateFolder, run: str) -> str:
    """Nobody works on the run: this process takes it over to end it."""
    engine = Embedded(state, 1)
    try:
        if engine.worker.adopt(run):
            engine.worker.cancel(run)
            while not engine.worker.idle:
                engine.step()
        return engine.store.run(run).state
    finally:
        engine.close()

"""`flow run`: checks the file, keeps the run, and works on it to its end."""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from flow_engine import states
from flow_engine.errors import FlowError, StoreError
from flow_engine.ids import later_id
from flow_engine.model import NewRun, RunRecord
from flow_engine.stores.contract import Store
from flow_lang.params import bind
from flow_runtime.document import external, run_document
from flow_runtime.embedded import NO_PLANS, Embedded, open_store
from flow_runtime.executors.contract import need_kinds
from flow_runtime.files import FlowFiles
from flow_runtime.plans import Loaded
from flow_runtime.state_folder import find_state

from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.guard import guarded
from flow_cli.progress.board import Board
from flow_cli.progress.plain import PlainProgress
from flow_cli.progress.text import seconds
from flow_cli.request import RunRequest
from flow_cli.sources import diagnosed, load, split_target

PATH_SHOWN_AFTER = 1.0
"""Seconds from which on a run is long enough to ask where its time went."""


def run(request: RunRequest, last: bool = False) -> int:
    """The exit code. What people watch goes to standard error; the result, or the document of `--json`, to standard output. `last`: the
    process ends next."""
    return guarded(lambda: _resume(request) if request.resume else _start(request, last), request.json)


def _start(request: RunRequest, last: bool) -> int:
    state = find_state(os.path.dirname(os.path.abspath(split_target(request.file)[0])))
    loaded = load(request.file, state)
    params = _params(request, loaded)
    engine = Embedded(state, request.slots, plans={loaded.plan_hash: loaded.plan} if loaded.plan else NO_PLANS)
    try:
        new = new_run(engine.store, loaded, params, engine.incarnation.id)
        engine.store.submit(new)
        return work(engine, new.id, request)
    finally:
        with suppress(StoreError):  # then the run is free because this process is gone, and what ended the run is told
            engine.close(last)


def _resume(request: RunRequest) -> int:
    state = find_state(os.getcwd())
    store = open_store(state)
    record = store.run(request.resume or "")
    if record.finished_at is None:
        need_kinds(store.plan(record.plan_hash, record.workflow))
    store.close()
    if record.finished_at is not None:
        return _report(open_store(state), record, request)
    engine = Embedded(state, request.slots)
    try:
        return work(engine, record.id, request)
    finally:
        with suppress(StoreError):  # then the run is free because this process is gone, and what ended the run is told
            engine.close()


def work(engine: Embedded, run_id: str, request: RunRequest) -> int:
    """Works on a run to its end and tells how it ended: the exit code."""
    record = engine.store.run(run_id)
    board = Board(record.id, engine.store.plan(record.plan_hash, record.workflow).workflow)
    engine.worker.watch(board)
    if not engine.worker.adopt(record.id):
        raise CommandError(
            exits.USAGE, "busy", f"run {record.id} is being worked on by another flow process (flow status {record.id})"
        )
    interrupts = _Interrupts()
    progress = _progress(board, request)
    progress.start()
    try:
        with interrupts:
            # a child run that was given up ends after its parent: its cancellation and what handles it
            while not (board.over and engine.worker.idle):
                engine.step()
                progress.update()
                if interrupts.fresh():
                    engine.worker.cancel_all()
                    print("cancelling; press Ctrl-C again to stop at once", file=sys.stderr)
    except FlowError as error:
        progress.abandon()
        raise StoreError(f"{error}; the run is kept, go on with it by: flow run --resume {record.id}") from error
    except BaseException:
        progress.abandon()
        raise
    board.settle(engine.store.tallies(record.id))
    progress.stop()
    code = _report(engine.store, engine.store.run(record.id), request)
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


def given_params(request: RunRequest) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts of the command line, and the JSON values of a file."""
    texts: dict[str, str] = {}
    for given in request.params:
        name, equals, value = given.partition("=")
        if not equals or not name:
            raise CommandError(exits.USAGE, "parameter", f"-p wants name=value, not {given!r}")
        texts[name.strip()] = value
    return texts, _params_file(request.params_file)


def _params(request: RunRequest, loaded: Loaded) -> dict[str, Any]:
    assert loaded.plan is not None
    texts, values = given_params(request)
    beside, here = FlowFiles(loaded.folder, ""), FlowFiles(os.getcwd(), "")
    params, diagnostics = bind(loaded.plan.workflow, texts, values, loaded.plan.file, beside, here)
    if diagnostics:
        raise diagnosed(diagnostics, loaded.sources)
    return params


def _params_file(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8") as stream:
            values = json.load(stream)
    except OSError as error:
        raise CommandError(exits.USAGE, "params_file", f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(exits.USAGE, "params_file", f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise CommandError(
            exits.USAGE, "params_file", f'{path} must hold one JSON object, as in {{"day": "2026-01-01"}}'
        )
    return values


def new_run(store: Store, loaded: Loaded, params: dict[str, Any], owner: str | None = None) -> NewRun:
    """The run of a loaded file, to be submitted."""
    assert loaded.plan is not None
    now, workflow = time.time(), loaded.plan.workflow
    return NewRun(
        later_id(store.newest(), now, os.urandom),
        loaded.plan_hash,
        loaded.plan,
        loaded.bundle,
        params,
        loaded.folder,
        now,
        workflow.priority,
        workflow.labels,
        owner=owner,
    )


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


def _report(store: Store, record: RunRecord, request: RunRequest) -> int:
    """Tells how the run ended."""
    took = seconds((record.finished_at or time.time()) - (record.started_at or record.created_at))
    if record.state != states.SUCCEEDED:
        from flow_cli.failures import failure_report

        report = failure_report(store, record)
        if report:
            print(f"\n{report}\n", file=sys.stderr)
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


def _tell_path(store: Store, record: RunRecord) -> None:
    from flow_cli.critical import path_text

    if path := path_text(store, record):
        print(f"critical path: {path}", file=sys.stderr)


def _shown(store: Store, record: RunRecord) -> str:
    value = external(store.plan(record.plan_hash, record.workflow).workflow.result, record.result)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)

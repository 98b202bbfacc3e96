"""Runs of the local state, which this process works on itself."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from typing import Any

from flow_engine.errors import FlowError, StoreError
from flow_engine.model import NewRun, Tally
from flow_engine.stores.contract import Store
from flow_lang.params import bind
from flow_lang.plan import Plan
from flow_runtime.embedded import NO_PLANS, Embedded, open_store
from flow_runtime.executors.contract import need_kinds
from flow_runtime.files import FlowFiles
from flow_runtime.labels import missing
from flow_runtime.plans import Loaded
from flow_runtime.run_reads import RunReads
from flow_runtime.state_folder import find_state
from flow_runtime.trace_ids import tracing

from flow_cli import exits
from flow_cli.backends.new_run import new_run
from flow_cli.backends.runner import Watched
from flow_cli.failure import CommandError
from flow_cli.params import given_params
from flow_cli.progress.board import Board
from flow_cli.request import RunRequest
from flow_cli.sources import diagnosed, load, split_target


class LocalRun:
    """A run that this process owns. Raises CommandError where another one works on it."""

    def __init__(self, engine: Embedded, run: str) -> None:
        record = engine.store.run(run)
        self.run = record.id
        self.board = Board(record.id, engine.store.plan(record.plan_hash, record.workflow).workflow)
        self._engine = engine
        engine.worker.watch(self.board)
        if not engine.worker.adopt(record.id):
            told = f"run {record.id} is being worked on by another flow process (flow status {record.id})"
            raise CommandError(exits.USAGE, "busy", told)

    @property
    def reads(self) -> RunReads:
        return self._engine.store

    @property
    def over(self) -> bool:
        """A child run that was given up ends after its parent: its cancellation and what handles it."""
        return self.board.over and self._engine.worker.idle

    def step(self) -> None:
        with self._kept():
            self._engine.step()

    def cancel(self) -> None:
        with self._kept():
            self._engine.worker.cancel_all()

    def tallies(self) -> Sequence[Tally]:
        return self._engine.store.tallies(self.run)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except FlowError as error:
            raise StoreError(f"{error}; the run is kept, go on with it by: flow run --resume {self.run}") from error


class LocalRunner:
    @contextmanager
    def start(self, request: RunRequest, last: bool) -> Iterator[Watched]:
        if request.resume:
            with _resumed(request) as found:
                yield found
            return
        state = find_state(os.path.dirname(os.path.abspath(split_target(request.file)[0])))
        loaded = load(request.file, state)
        params = _params(request, loaded, {})
        plans = {loaded.plan_hash: loaded.plan} if loaded.plan else NO_PLANS
        with kept_engine(Embedded(state, request.slots, plans=plans), last) as engine:
            new = new_run(engine.store.newest(), loaded, params, engine.incarnation.id)
            engine.store.submit(new)
            _tell_missing(engine.store, new.plan)
            yield LocalRun(engine, new.id)

    def submit(self, request: RunRequest, runs: Sequence[dict[str, Any]]) -> list[tuple[str, bool]]:
        from flow_runtime.incarnation import anyone_alive

        state = find_state(os.path.dirname(os.path.abspath(split_target(request.file)[0])))
        loaded = load(request.file, state)
        with closing(open_store(state)) as store:
            news: list[NewRun] = []
            newest = store.newest()
            for wish in runs:
                new = new_run(newest, loaded, _params(request, loaded, wish.get("params", {})))
                newest = new.id
                news.append(_wished(new, wish))
            told = store.submit_all(news)
            for new in news[:1]:  # all are of one plan
                _tell_missing(store, new.plan)
        if not state.database_url and not anyone_alive(state):
            print("nobody works on the runs now; start one of: flow worker, flow server", file=sys.stderr)
        return [(one.run, one.created) for one in told]

    @contextmanager
    def retry(self, run: str | None, file: str | None, request: RunRequest) -> Iterator[Watched]:
        from flow_cli.backends.local import here
        from flow_cli.backends.local_retry import edited_run, reopened, to_reopen

        state, store = here()
        new = None
        with closing(store):
            if file is None:
                record = to_reopen(store, run)
            else:
                record, new = edited_run(store, run, file, state, request)
        # whoever makes the run that is to be worked on owns it: a worker of the same state must not be quicker
        with kept_engine(Embedded(state, request.slots), False) as engine:
            if new is None:
                reopened(engine, record)
            else:
                engine.store.submit(new._replace(owner=engine.incarnation.id))
            yield LocalRun(engine, record.id if new is None else new.id)

    def diff(self, run: str | None, file: str) -> dict[str, Any]:
        from flow_cli.backends.local import here
        from flow_cli.backends.local_retry import diff

        state, store = here()
        with closing(store):
            return diff(store, run, file, state)


@contextmanager
def _resumed(request: RunRequest) -> Iterator[Watched]:
    state = find_state(os.getcwd())
    with closing(open_store(state)) as store:
        record = store.run(request.resume or "")
        need_kinds(store.plan(record.plan_hash, record.workflow))
    with kept_engine(Embedded(state, request.slots), False) as engine:
        yield LocalRun(engine, record.id)


@contextmanager
def kept_engine(engine: Embedded, last: bool) -> Iterator[Embedded]:
    try:
        with _traced(engine) if tracing() else nullcontext():
            yield engine
    finally:
        with suppress(StoreError):  # then the run is free because this process is gone, and what ended the run is told
            engine.close(last)


@contextmanager
def _traced(engine: Embedded) -> Iterator[None]:
    from flow_runtime.telemetry.worker import WorkerTelemetry

    telemetry = WorkerTelemetry(None)
    telemetry.attach(engine)
    try:
        yield
    finally:
        telemetry.detach()


def _tell_missing(store: Store, plan: Plan) -> None:
    """Its tasks would wait for a worker that nobody has started."""
    for line in missing(store, plan):
        print(line, file=sys.stderr)


def _params(request: RunRequest, loaded: Loaded, others: dict[str, Any]) -> dict[str, Any]:
    """`others` are JSON values, which come before those of the request. Raises CommandError."""
    assert loaded.plan is not None
    texts, values = given_params(request)
    beside, here = FlowFiles(loaded.folder, ""), FlowFiles(os.getcwd(), "")
    params, diagnostics = bind(loaded.plan.workflow, texts, {**values, **others}, loaded.plan.file, beside, here)
    if diagnostics:
        raise diagnosed(diagnostics, loaded.sources)
    return params


def _wished(new: NewRun, wish: dict[str, Any]) -> NewRun:
    return new._replace(
        priority=wish.get("priority") or new.priority,
        labels=tuple(wish.get("labels") or new.labels),
        idempotency_key=wish.get("idempotency_key"),
    )

"""Runs the tests of a flow file: the real engine, mocked bodies, virtual time."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from flow_engine.ids import new_id
from flow_engine.model import NewRun, RunRecord
from flow_lang.bundle import bundle_hash, bundle_of
from flow_lang.cases import Case, Check
from flow_lang.evaluate import EvaluationError, evaluate
from flow_lang.params import bind
from flow_lang.plan import Plan
from flow_lang.values import Mismatch, encode, to_text

from flow_runtime.document import key_of
from flow_runtime.embedded import Embedded
from flow_runtime.files import FlowFiles
from flow_runtime.state_folder import StateFolder
from flow_runtime.testing.clock import VirtualClock
from flow_runtime.testing.mocked import MockedDispatcher
from flow_runtime.testing.outcome import RunOutcome

LIMIT = 60.0
"""Seconds of real time that one test may take."""


class Failure(NamedTuple):
    """Why a test failed; `line` and `column` are those of the check, or of the test."""

    message: str
    line: int
    column: int = 1


class CaseResult(NamedTuple):
    """`took` is real time in seconds."""

    case: Case
    failures: tuple[Failure, ...]
    took: float


class TestRunner:
    """Runs the tests of one file. `plan_of` compiles a workflow of it. Each test has an engine, a state and a time of its own."""

    __test__ = False

    def __init__(self, folder: str, plan_of: Callable[[str], Plan], slots: int | None = None) -> None:
        self._folder, self._plan_of, self._slots = folder, plan_of, slots

    def run(self, case: Case) -> CaseResult:
        began = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="flow-test-") as home:
                failures = _OneTest(case, self._plan_of(case.workflow), self._folder, home, self._slots).run()
        except (EvaluationError, Mismatch) as error:
            failures = (Failure(f"a value of the test cannot be had: {error}", case.line),)
        return CaseResult(case, failures, time.monotonic() - began)


class _OneTest:
    def __init__(self, case: Case, plan: Plan, folder: str, home: str, slots: int | None) -> None:
        self._case, self._plan, self._folder = case, plan, folder
        self._files = FlowFiles(folder, home)
        self._clock = VirtualClock()
        self._engine = Embedded(
            StateFolder(os.path.join(home, "state")),
            slots,
            clock=self._clock,
            make_dispatcher=MockedDispatcher,
            draw=lambda: 1.0,  # jitter would make delays that no test could name
            storage="",  # what tests leave is for nobody
        )

    def run(self) -> tuple[Failure, ...]:
        try:
            return self._run()
        finally:
            self._engine.close()

    def _run(self) -> tuple[Failure, ...]:
        case, plan, files = self._case, self._plan, self._files
        types = {param.name: param.type for param in plan.workflow.params}
        given = {name: encode(types[name], evaluate(expr, {}, files)) for name, expr in case.params}
        params, wrong = bind(plan.workflow, {}, given, plan.file, files)
        if wrong:
            return tuple(Failure(diagnostic.message, case.line) for diagnostic in wrong)
        started = self._clock.now
        run = self._submit(plan, params, case)
        stuck = self._work(run, plan)
        if stuck:
            return (Failure(stuck, case.line),)
        record = self._engine.store.run(run)
        outcome = RunOutcome(self._engine.store, record, plan, started, self._clock.now)
        unmocked = self._not_mocked(record, plan)
        return unmocked or tuple(filter(None, (self._check(check, outcome, files) for check in case.checks)))

    def _submit(self, plan: Plan, params: dict[str, object], case: Case) -> str:
        engine, bundle = self._engine, bundle_of(plan)
        id_ = new_id(time.time(), os.urandom)
        dispatcher = engine.worker.dispatcher
        assert isinstance(dispatcher, MockedDispatcher)
        dispatcher.mocks, dispatcher.run = {mock.task: mock for mock in case.mocks}, id_
        owner = engine.incarnation.id
        engine.store.submit(
            NewRun(id_, bundle_hash(bundle), plan, bundle, params, self._folder, self._clock.now, owner=owner)
        )
        engine.worker.adopt(id_)
        return id_

    def _work(self, run: str, plan: Plan) -> str:
        """Until the run has ended; else why it never will."""
        worker, deadline = self._engine.worker, time.monotonic() + LIMIT
        while not worker.idle:
            worker.step(0.0 if worker.at_rest else None)
            if worker.idle or not worker.at_rest:
                if time.monotonic() > deadline:
                    worker.cancel_all()
                    return f"the run was not done in {LIMIT:g} s: a body that takes long wants a mock"
                continue
            event = worker.next_event()
            if event is None:
                waits = self._waits(run, plan)
                self._give_up()
                return f"the run waits for ever for {waits or 'nothing that could come'}"
            self._clock.advance(event)
        return ""

    def _waits(self, run: str, plan: Plan) -> str:
        rows = [row for row in self._engine.store.tasks(run) if row.awaits is not None and row.finished_at is None]
        return ", ".join(f"`{key_of(plan, row)}` (mock {plan.workflow.tasks[row.node].name} = ...)" for row in rows)

    def _give_up(self) -> None:
        worker = self._engine.worker
        worker.cancel_all()
        while not worker.idle:
            worker.step()

    def _not_mocked(self, record: RunRecord, plan: Plan) -> tuple[Failure, ...]:
        store = self._engine.store
        found = []
        for row in store.tasks(record.id):
            if row.error and '"not_mocked"' in row.error:
                import json

                found.append(Failure(json.loads(row.error)["message"], plan.workflow.tasks[row.node].line))
        return tuple(found)

    def _check(self, check: Check, outcome: RunOutcome, files: FlowFiles) -> Failure | None:
        try:
            if outcome.evaluate(check.condition, check.reads, files):
                return None
            values = [f"{name} is {_shown(outcome.value(name))}" for name in check.reads]
        except (EvaluationError, Mismatch) as error:
            return Failure(f"{check.text} has no value: {error}", check.line, check.column)
        told = f" ({', '.join(values)})" if values else ""
        return Failure(f"{check.text} does not hold{told}", check.line, check.column)


def _shown(value: object) -> str:
    text = "absent" if value is None else f'"{value}"' if isinstance(value, str) else to_text(value)
    return text if len(text) <= 120 else text[:117] + "..."


def passed(results: Sequence[CaseResult]) -> int:
    return sum(not result.failures for result in results)

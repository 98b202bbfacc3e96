"""The dispatcher of a test: it gives what mocks say instead of having bodies run, and sends nothing to the outside."""

from flow_engine.model import Claim, Failed, Outcome, RunRecord, Succeeded
from flow_engine.stores.contract import Store
from flow_lang.cases import Fail, Mock
from flow_lang.evaluate import Scope as Values
from flow_lang.evaluate import compile_expr
from flow_lang.plan import Plan, Task
from flow_lang.values import encode

from flow_runtime.dispatch import Dispatcher, failed
from flow_runtime.executors.contract import DECIDED, executor
from flow_runtime.inputs import RunInputs
from flow_runtime.wire import dumps


class MockedDispatcher(Dispatcher):
    """`mocks` are those of one test, by task; they hold for the run `run` and not for its child runs."""

    def __init__(self, store: Store, incarnation: str) -> None:
        super().__init__(store, incarnation)
        self.mocks: dict[str, Mock] = {}
        self.run = ""

    def without_body(self, record: RunRecord, plan: Plan, inputs: RunInputs, claim: Claim) -> Outcome | None:
        task = plan.workflow.tasks[claim.node]
        mock = self.mocks.get(task.name) if record.id == self.run else None
        if mock is not None:
            return self._mocked(mock, task, inputs, claim)
        return None if task.body.kind in DECIDED else self._not_mocked(task)

    @staticmethod
    def _not_mocked(task: Task) -> Outcome | None:
        in_tests = executor(task.body.kind).in_tests
        if in_tests == "skip":
            return Succeeded("null")
        if in_tests == "run":
            return None
        message = f"the test has no mock of `{task.name}`; nothing is sent in a test: mock {task.name} = ..."
        return failed("not_mocked", message, retryable=False)

    def _mocked(self, mock: Mock, task: Task, inputs: RunInputs, claim: Claim) -> Outcome:
        place = claim.place or 0
        scope = Values({}, inputs.files)
        if mock.values is not None:
            values = compile_expr(mock.values)(scope)
            if place >= len(values):
                return self._too_short(task, len(values), place)
            return self._given(mock, values[place])
        if place >= len(mock.instances):
            return self._too_short(task, len(mock.instances), place)
        attempts = mock.instances[place]
        attempt = attempts[min(claim.attempt, len(attempts)) - 1]
        if isinstance(attempt, Fail):
            return failed(attempt.code, attempt.message or f"the mock of `{task.name}` fails with {attempt.code}")
        return self._given(mock, compile_expr(attempt)(scope))

    @staticmethod
    def _given(mock: Mock, value: object) -> Succeeded:
        return Succeeded("null" if mock.type.kind == "nothing" else dumps(encode(mock.type, value)))

    @staticmethod
    def _too_short(task: Task, count: int, place: int) -> Failed:
        message = f"the mock of `{task.name}` has {count} values, and the run has an instance {task.name}[{place}]"
        return failed("not_mocked", message, retryable=False)

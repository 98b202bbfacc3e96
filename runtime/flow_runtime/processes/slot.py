"""A slot: a process that runs one body at a time. It reads work from its channel, and answers each item with one frame."""

import _socket
import json
import os
import select
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flow_engine.crash_points import reached
from flow_lang.bundle import plan_from_json
from flow_lang.evaluate import EvaluationError, Scope
from flow_lang.plan import Limits, Plan
from flow_lang.values import Mismatch

from flow_runtime.executors.contract import Executor, Runner, Station, UnknownKind, executor
from flow_runtime.executors.failure import BodyCancelled, BodyFailed, described
from flow_runtime.executors.folders import remove_folder, slot_folder
from flow_runtime.executors.results import result_text
from flow_runtime.executors.secrets import read_secrets
from flow_runtime.executors.work import NameTypes, Place, Work, scope_of
from flow_runtime.processes.allowance import allowance_of, holds_much
from flow_runtime.processes.channel import Channel
from flow_runtime.processes.cursor import Allowance, Cursor, mark_of
from flow_runtime.processes.kinds import PYTHON
from flow_runtime.processes.orphans import SLOT_VARIABLE
from flow_runtime.wire import dumps

UNLIMITED = Limits()


class Slot:
    """Runs in the forked process, with the `plans` that the engine had before the fork. Frames in:
    `{"plan": hash, "bundle"}`, `{"kill": number, "why", "grace"}`, or a work item."""

    def __init__(
        self, slot: int, sock: "_socket.socket", cursor: Cursor, place: Place, plans: Mapping[str, Plan]
    ) -> None:
        os.environ[SLOT_VARIABLE] = str(slot)
        self._channel = Channel(sock)
        self._page = cursor.page(slot)
        self._place = place
        self._plans = dict(plans)
        self._types: dict[tuple[str, str], NameTypes] = {}
        self._todo: deque[dict[str, Any]] = deque()
        self._kills: list[tuple[int, str, float]] = []
        self._full = False
        self._runners: dict[Executor, Runner] = {}
        self._environment = dict(os.environ)  # before a body changes it
        self._home = slot_folder(place.scratch, place.incarnation, slot)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def serve(self) -> None:
        """Until the engine's end closes, or the memory of this process is kept by what ran in it."""
        while True:
            while not self._todo:
                self._poll.poll()
                if not self._read():
                    return
            self._send(self._answer(self._todo.popleft()))
            if self._full:
                return

    def fileno(self) -> int:
        return self._channel.fileno()

    def asked(self, number: int) -> tuple[str, float] | None:
        if not self._read():
            return "cancelled", 0.0
        for kill in self._kills:
            if kill[0] == number:
                return kill[1], kill[2]
        return None

    def _read(self) -> bool:
        frames = self._channel.receive()
        for frame in frames or ():
            message = json.loads(frame)
            if "kill" in message:
                self._kills.append((message["kill"], message["why"], message["grace"]))
            elif "bundle" in message:
                self._plans[message["plan"]] = plan_from_json(message["bundle"])
            else:
                self._todo.append(message)
        return frames is not None

    def _send(self, answer: dict[str, Any]) -> None:
        self._channel.send(dumps(answer).encode())
        while self._channel.pending:
            blocked = select.poll()
            blocked.register(self._channel, select.POLLOUT)
            blocked.poll()
            self._channel.flush()

    def _answer(self, item: dict[str, Any]) -> dict[str, Any]:
        """`void` where the engine has taken the item back."""
        reached("slot.received")
        if not self._page.start(item["n"], mark_of(item["run"], item["seq"], item["attempt"])):
            return {"n": item["n"], "void": True}
        reached("slot.started")
        started = time.time()
        answer: dict[str, Any] = {"n": item["n"]}
        work = self._work(item)
        log = work.log
        try:
            work = self._with_secrets(work)
            answer["result"] = self._run(work, self._types_of(item["plan"], work.plan))
        except BodyFailed as error:
            told = {"code": error.code, "message": error.message, **error.details}
            answer |= {"code": error.code, "error": work.secrets.masked(told), "retryable": error.retryable}
        except BodyCancelled as error:
            answer["cancelled"] = error.why
        reached("slot.ended")
        return answer | {
            "started": started,
            "finished": time.time(),
            "log": log if os.path.exists(log) else None,
        }

    def _run(self, work: Work, types: NameTypes) -> str:
        """The result's JSON text."""
        try:
            with self._workplace(work):
                result = self._runner(work.task.body.kind).run(work, _scope(work, types))
            return result_text(work.secrets.masked(result))
        except (BodyFailed, BodyCancelled):
            raise
        except UnknownKind as error:
            raise BodyFailed("exception", str(error)) from error
        except Exception as error:
            # around the body: a full disk, a scratch folder that is gone, a result that JSON cannot hold
            raise BodyFailed("exception", described(error)) from error

    def _runner(self, kind: str) -> Runner:
        """Kinds that share an executor share its runner."""
        made = executor(kind)
        if made not in self._runners:
            self._runners[made] = made.open(Station(self, self._page, self._home, self._environment))
        return self._runners[made]

    @contextmanager
    def _workplace(self, work: Work) -> Iterator[None]:
        """Limits are set around a body that runs in this process; of one that does not, what it leaves is removed."""
        limits, is_own = work.task.limits, work.task.body.kind in PYTHON
        if is_own and limits != UNLIMITED:
            self._page.allow(allowance_of(limits))
        try:
            yield
        finally:
            if not is_own:
                self._kills.clear()
                remove_folder(work.scratch)
            elif limits != UNLIMITED:
                self._page.allow(Allowance())
                self._full = holds_much(limits)

    def _work(self, item: dict[str, Any]) -> Work:
        plan = self._plans[item["plan"]]._replace(entry=item["workflow"])
        task = plan.workflow.tasks[item["task"]]
        identity = (item["n"], item["run"], item["seq"], item["attempt"], item["key"])
        scratch = self._home
        if task.body.kind not in PYTHON:
            scratch = f"{self._place.scratch}/{item['run']}-{item['seq']}.{item['attempt']}"
        return Work(*identity, plan, task, item["folder"], item["values"], self._place, scratch)

    def _types_of(self, plan_hash: str, plan: Plan) -> NameTypes:
        key = (plan_hash, plan.entry)
        if key not in self._types:
            self._types[key] = NameTypes(plan.workflow)
        return self._types[key]

    def _with_secrets(self, work: Work) -> Work:
        workflow = work.plan.workflow
        if not workflow.secrets:
            return work
        found = read_secrets(workflow.secrets, work.task.secrets, self._environment, work.source_folder())
        return work._replace(secrets=found)


def _scope(work: Work, types: NameTypes) -> Scope:
    try:
        return scope_of(work, types)
    except (EvaluationError, Mismatch) as error:
        raise BodyFailed("expression", f"an input has no value: {error}") from error

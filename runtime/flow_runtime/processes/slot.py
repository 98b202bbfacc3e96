"""A slot: a process that runs one body at a time. It reads work from its channel, and answers each item with one frame."""

import _socket
import json
import os
import select
import signal
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from flow_lang.bundle import plan_from_json
from flow_lang.evaluate import EvaluationError, Scope
from flow_lang.plan import Limits, Plan
from flow_lang.values import Mismatch

from flow_runtime.executors.failure import BodyCancelled, BodyFailed, Terminated, described
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
    """Runs in the forked process. Frames in: `{"plan": hash, "bundle"}`, `{"kill": number, "why", "grace"}`, or a work item."""

    def __init__(self, slot: int, sock: "_socket.socket", cursor: Cursor, place: Place) -> None:
        os.environ[SLOT_VARIABLE] = str(slot)
        self._channel = Channel(sock)
        self._page = cursor.page(slot)
        self._place = place
        self._plans: dict[str, Plan] = {}
        self._types: dict[tuple[str, str], NameTypes] = {}
        self._todo: deque[dict[str, Any]] = deque()
        self._kills: list[tuple[int, str, float]] = []
        self._full = False
        self._bodies: Any = None
        self._client: Any = None
        self._environment: Mapping[str, str] = os.environ
        self._output: Any = None
        self._home = os.path.join(place.scratch, f"slot-{place.incarnation}-{slot}")
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
        if not self._page.start(item["n"], mark_of(item["run"], item["seq"], item["attempt"])):
            return {"n": item["n"], "void": True}
        started = time.time()
        answer: dict[str, Any] = {"n": item["n"]}
        work = self._work(item)
        log: str | None = work.log
        try:
            work = self._with_secrets(work)
            answer["result"], log = self._run(work, self._types_of(item["plan"], work.plan))
        except BodyFailed as error:
            told = {"code": error.code, "message": error.message, **error.details}
            answer |= {"code": error.code, "error": work.secrets.masked(told), "retryable": error.retryable}
        except BodyCancelled as error:
            answer["cancelled"] = error.why
        return answer | {
            "started": started,
            "finished": time.time(),
            "log": log if log and os.path.exists(log) else None,
        }

    def _run(self, work: Work, types: NameTypes) -> tuple[str, str | None]:
        """The result's JSON text, and the path of the log where there may be one."""
        try:
            kind = work.task.body.kind
            log: str | None = work.log
            if kind == "shell":
                result = self._shell(work, types)
            elif kind in PYTHON:
                result, log = self._python(work, types)
            else:
                result = self._request(work, types)
            return result_text(work.secrets.masked(result)), log
        except (BodyFailed, BodyCancelled):
            raise
        except Exception as error:
            # around the body: a full disk, a scratch folder that is gone, a result that JSON cannot hold
            raise BodyFailed("exception", described(error)) from error

    def _work(self, item: dict[str, Any]) -> Work:
        plan = self._plans[item["plan"]]._replace(entry=item["workflow"])
        task = plan.workflow.tasks[item["task"]]
        identity = (item["n"], item["run"], item["seq"], item["attempt"], item["key"])
        attempt = os.path.join(self._place.scratch, f"{item['run']}-{item['seq']}.{item['attempt']}")
        scratch = self._home if task.body.kind in PYTHON else attempt
        return Work(*identity, plan, task, item["folder"], item["values"], self._place, scratch)

    def _types_of(self, plan_hash: str, plan: Plan) -> NameTypes:
        key = (plan_hash, plan.entry)
        if key not in self._types:
            self._types[key] = NameTypes(plan.workflow)
        return self._types[key]

    def _shell(self, work: Work, types: NameTypes) -> object:
        from flow_runtime.executors.shell import run_shell

        try:
            return run_shell(work, _scope(work, types), self, self._page)
        finally:
            self._kills.clear()
            os.chdir("/")
            _remove(work.scratch)

    def _request(self, work: Work, types: NameTypes) -> object:
        """`http` and `notify`: they need the network, and no process of their own."""
        if self._client is None:
            from flow_runtime.executors.http.client import Client

            self._client = Client()
        try:
            if work.task.body.kind == "notify":
                from flow_runtime.executors.notify.body import run_notify

                run_notify(work, _scope(work, types), self._client, self._environment)
                return None
            from flow_runtime.executors.http.body import run_http

            return run_http(work, _scope(work, types), self._client)
        finally:
            _remove(work.scratch)

    def _with_secrets(self, work: Work) -> Work:
        workflow = work.plan.workflow
        if not workflow.secrets:
            return work
        found = read_secrets(workflow.secrets, work.task.secrets, self._environment, work.source_folder())
        return work._replace(secrets=found)

    def _python(self, work: Work, types: NameTypes) -> tuple[object, str | None]:
        bodies, limits = self._bodies or self._warm(work), work.task.limits
        os.chdir(self._home)
        os.environ.update(work.environment())
        self._output.begin(work.log, work.secrets.mask, limits.output)
        if limits != UNLIMITED:
            self._page.allow(allowance_of(limits))
        try:
            result, log = bodies.run(work, _scope(work, types)), self._output.end()
            self._output.check()
            return result, log
        finally:
            self._output.end()
            _empty(self._home)
            if limits != UNLIMITED:
                self._page.allow(Allowance())
                self._full = holds_much(limits)

    def _warm(self, work: Work) -> Any:
        from flow_runtime.executors.output import BodyOutput
        from flow_runtime.executors.python import PythonBodies

        os.makedirs(self._home, exist_ok=True)
        self._environment = dict(os.environ)  # before a body changes it
        self._output = BodyOutput(os.path.join(self._home, ".spill"))
        self._output.install()
        signal.signal(signal.SIGTERM, _terminated)
        self._bodies = PythonBodies(work.folder)
        return self._bodies


def _terminated(*_: object) -> None:
    raise Terminated


def _scope(work: Work, types: NameTypes) -> Scope:
    try:
        return scope_of(work, types)
    except (EvaluationError, Mismatch) as error:
        raise BodyFailed("expression", f"an input has no value: {error}") from error


def _empty(folder: str) -> None:
    """The folder is there and empty afterwards, whatever a body did to it."""
    try:
        if not os.listdir(folder):
            return
    except FileNotFoundError:
        pass
    os.chdir("/")
    _remove(folder)
    os.makedirs(folder, exist_ok=True)


def _remove(folder: str) -> None:
    """Empties a scratch folder. Most are empty, which costs one call."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return
    except OSError:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)

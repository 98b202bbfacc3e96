"""A slot: a process that runs one body at a time. It reads work from its channel, and answers each item with one frame."""

import _socket
import json
import os
import select
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from flow_engine.crash_points import reached
from flow_lang.bundle import plan_from_json
from flow_lang.evaluate import EvaluationError, Scope
from flow_lang.plan import Limits, Plan
from flow_lang.values import Mismatch

from flow_runtime.executors.aftermath import has_other_limits
from flow_runtime.executors.contract import Executor, Runner, Station, UnknownKind, executor
from flow_runtime.executors.failure import BodyCancelled, BodyFailed, described
from flow_runtime.executors.folders import HomeFolder, remove_folder, slot_folder
from flow_runtime.executors.full_disk import disk_full, is_full
from flow_runtime.executors.results import result_text
from flow_runtime.executors.secrets import read_secrets
from flow_runtime.executors.work import Brief, Place, Setting, Work, log_path, scope_of
from flow_runtime.processes.allowance import allowance_of, holds_much
from flow_runtime.processes.channel import Channel, aside
from flow_runtime.processes.cursor import Allowance, Cursor, mark_of
from flow_runtime.processes.frames import Item, RunNote, done_frame, read_order
from flow_runtime.processes.kinds import AT_HOME, PYTHON
from flow_runtime.processes.orphans import SLOT_VARIABLE
from flow_runtime.unexpected import unexpected
from flow_runtime.wire import dumps

UNLIMITED = Limits()


class Slot:
    """Runs in the forked process, with the `plans` that the engine had before the fork. frames.py has what it is told and what it says."""

    def __init__(
        self, slot: int, sock: "_socket.socket", cursor: Cursor, place: Place, plans: Mapping[str, Plan]
    ) -> None:
        os.environ[SLOT_VARIABLE] = str(slot)
        sock = aside(sock)
        self._channel = Channel(sock)
        self._page = cursor.page(slot)
        self._place = place
        self._plans = dict(plans)
        self._settings: dict[tuple[str, str, str], Setting] = {}
        self._runs: dict[int, RunNote] = {}
        self._briefs: dict[tuple[str, str, str, int], Brief] = {}
        self._todo: deque[Item] = deque()
        self._kills: list[tuple[int, str, float]] = []
        self._full = False
        self._runners: dict[str, Runner] = {}
        self._opened: dict[Executor, Runner] = {}
        self._environment = dict(os.environ)  # before a body changes it
        self._home = HomeFolder(slot_folder(place.scratch, place.incarnation, slot))
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def serve(self) -> None:
        """Until the engine's end closes, or what ran in this process has kept its memory or set it limits."""
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
            order = read_order(frame)
            if isinstance(order, Item):
                self._todo.append(order)
            else:
                self._heed(order)
        return frames is not None

    def _heed(self, order: Mapping[str, Any]) -> None:
        if "kill" in order:
            self._kills.append((order["kill"], order["why"], order["grace"]))
        elif "begin" in order:
            note = RunNote(*order["begin"])
            self._runs[note.number] = note
        elif "forget" in order:
            # items that were sent before it may not have started yet
            kept = {item.run for item in self._todo}
            self._runs = {number: note for number, note in self._runs.items() if number in kept}
            self._briefs.clear()
            self._settings.clear()
        else:
            self._plans[order["plan"]] = plan_from_json(order["bundle"])

    def _send(self, answer: bytes) -> None:
        self._channel.send(answer)
        while self._channel.pending:
            blocked = select.poll()
            blocked.register(self._channel, select.POLLOUT)
            blocked.poll()
            self._channel.flush()

    def _answer(self, item: Item) -> bytes:
        """`void` where the engine has taken the item back."""
        number, note = item.number, self._runs[item.run]
        reached("slot.received")
        if not self._page.start(number, mark_of(note.run, item.seq, item.attempt)):
            return f'{{"n":{number},"void":true}}'.encode()
        reached("slot.started")
        started = time.time()
        try:
            work = self._work(item, note)
        except Exception as error:  # noqa: BLE001  of this body alone, which has done nothing wrong: the slot goes on
            why = {"code": "internal", "message": f"what the body reads could not be made: {unexpected(error)}"}
            answer = _failed_frame(number, started, {"code": why["code"], "error": why, "retryable": False})
        else:
            answer = self._ended(number, started, work)
        reached("slot.ended")
        return answer

    def _ended(self, number: int, started: float, work: Work) -> bytes:
        """Runs the body: what is said of its end."""
        told: dict[str, Any]
        try:
            if work.plan.workflow.secrets:
                work = self._with_secrets(work)
            result = self._run(work)
            return done_frame(number, started, time.time(), _log_of(work), result)
        except BodyFailed as error:
            why = {"code": error.code, "message": error.message, **error.details}
            told = {"code": error.code, "error": work.secrets.masked(why), "retryable": error.retryable}
        except BodyCancelled as error:
            told = {"cancelled": error.why}
        return _failed_frame(number, started, told, _log_of(work))

    def _run(self, work: Work) -> str:
        """The result's JSON text."""
        try:
            result = self._at_home(work) if work.scratch == self._home.path else self._aside(work)
            return "null" if result is None else result_text(work.secrets.masked(result))
        except (BodyFailed, BodyCancelled):
            raise
        except UnknownKind as error:
            failure = BodyFailed("exception", str(error))
            failure.retryable = False
            raise failure from error
        except Exception as error:
            if is_full(error):
                raise disk_full(os.path.dirname(self._place.files)) from error
            # around the body: a scratch folder that is gone, a result that JSON cannot hold
            raise BodyFailed("exception", described(error)) from error

    def _at_home(self, work: Work) -> object:
        """In the slot's own folder, where its inputs too may leave files."""
        self._home.enter()
        try:
            if work.task.body.kind in PYTHON:
                try:
                    return self._in_place(work)
                finally:
                    self._full = self._full or has_other_limits()
            return self._runner(work.task.body.kind).run(work, _scope(work))
        finally:
            self._kills.clear()
            self._home.clear()

    def _in_place(self, work: Work) -> object:
        """In this process, around which the limits are set."""
        limits = work.task.limits
        if limits == UNLIMITED:
            return self._runner(work.task.body.kind).run(work, _scope(work))
        self._page.allow(allowance_of(limits))
        try:
            return self._runner(work.task.body.kind).run(work, _scope(work))
        finally:
            self._page.allow(Allowance())
            self._full = self._full or holds_much(limits)

    def _aside(self, work: Work) -> object:
        """In a process of its own or none; what it leaves is removed."""
        try:
            return self._runner(work.task.body.kind).run(work, _scope(work))
        finally:
            self._kills.clear()
            remove_folder(work.scratch)

    def _runner(self, kind: str) -> Runner:
        """Kinds that share an executor share its runner."""
        found = self._runners.get(kind)
        if found is None:
            made = executor(kind)
            if made not in self._opened:
                self._opened[made] = made.open(Station(self, self._page, self._home, self._environment))
            found = self._runners[kind] = self._opened[made]
        return found

    def _work(self, item: Item, note: RunNote) -> Work:
        brief = self._briefs.get((note.plan, note.workflow, note.folder, item.node)) or self._brief(item, note)
        task, run, seq, attempt = brief.task, note.run, item.seq, item.attempt
        key = task.name if item.place < 0 else f"{task.name}[{item.place}]"
        values = json.loads(item.values) if item.values else {}
        at_home = task.body.kind in AT_HOME
        scratch = self._home.path if at_home else f"{self._place.scratch}/{run}-{seq}.{attempt}"
        log = log_path(self._place.logs, run, seq, attempt)
        return Work(item.number, run, seq, attempt, key, brief, task, values, scratch, log)

    def _brief(self, item: Item, note: RunNote) -> Brief:
        where = (note.plan, note.workflow, note.folder)
        setting = self._settings.get(where)
        if setting is None:
            plan = self._plans[note.plan]._replace(entry=note.workflow)
            setting = self._settings[where] = Setting(plan, note.folder, self._place)
        brief = self._briefs[(*where, item.node)] = Brief(setting, setting.plan.workflow.tasks[item.node])
        return brief

    def _with_secrets(self, work: Work) -> Work:
        declared, folder = work.plan.workflow.secrets, work.source_folder
        found = read_secrets(declared, work.task.secrets, self._environment, folder)
        return work._replace(secrets=found)


def _failed_frame(number: int, started: float, told: Mapping[str, Any], log: str = "") -> bytes:
    times = {"started": started, "finished": time.time(), "log": log or None}
    return dumps({"n": number, **told, **times}).encode()


def _log_of(work: Work) -> str:
    """Empty where it wrote nothing. Where there is a storage, it has the log before the answer that names it is given."""
    if not os.access(work.log, os.F_OK):  # of all ways to ask, the one that raises nothing
        return ""
    if work.place.storage:
        from flow_runtime.executors.sharing import keep_log

        keep_log(work.place.storage, work.log)
    return work.log


def _scope(work: Work) -> Scope:
    try:
        return scope_of(work)
    except (EvaluationError, Mismatch) as error:
        raise BodyFailed("expression", f"an input has no value: {error}") from error

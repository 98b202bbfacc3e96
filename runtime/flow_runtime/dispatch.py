"""What the engine itself decides about a claimed task, with no body: conditions, the lists of `for`, waits, child runs."""

import json
import os
from typing import TYPE_CHECKING, Any

from flow_engine import states
from flow_engine.errors import StorageError, TooLarge
from flow_engine.ids import new_id
from flow_engine.model import (
    Awaits,
    CacheEntry,
    Claim,
    Expanded,
    Failed,
    NewRun,
    Outcome,
    RunRecord,
    Skipped,
    Succeeded,
    Suspended,
    TaskRef,
)
from flow_engine.stores.contract import Store
from flow_lang.evaluate import EvaluationError
from flow_lang.params import bind
from flow_lang.plan import Plan, Task
from flow_lang.types import optional
from flow_lang.values import Mismatch, decode

from flow_runtime.cache_keys import is_there
from flow_runtime.executors.contract import DECIDED
from flow_runtime.files import want
from flow_runtime.inputs import RunInputs, TooManyInstances
from flow_runtime.wire import dumps

if TYPE_CHECKING:
    from flow_runtime.host import Host


class Dispatcher:
    """Decides for the runs of one worker, which `incarnation` names."""

    def __init__(self, store: Store, incarnation: str) -> None:
        self._store = store
        self.incarnation = incarnation
        self.host: Host | None = None
        """Where files of other hosts are; None where there are none."""
        self.entries: dict[tuple[TaskRef, int], CacheEntry] = {}
        """Of attempts whose results are to be kept."""

    def decide(self, record: RunRecord, plan: Plan, inputs: RunInputs, claim: Claim, now: float) -> Outcome | None:
        """The outcome, or None for a task whose body is to run."""
        task = plan.workflow.tasks[claim.node]
        try:
            if _is_plain(task, claim):
                return self.without_body(record, plan, inputs, claim)
            return self._decide(record, plan, inputs, claim, now)
        except TooLarge as error:
            return failed("too_large", str(error), retryable=False)
        except StorageError as error:
            return failed("storage", str(error))
        except (EvaluationError, Mismatch, TooManyInstances, OSError) as error:
            return failed("expression", str(error), retryable=False)

    def _decide(self, record: RunRecord, plan: Plan, inputs: RunInputs, claim: Claim, now: float) -> Outcome | None:
        task = plan.workflow.tasks[claim.node]
        key = task.name if claim.place is None else f"{task.name}[{claim.place}]"
        if claim.awaits is not None:
            return self._go_on(record, task, inputs, claim, claim.awaits, now)
        if claim.expands:
            return Expanded(*inputs.elements(task))
        if not inputs.holds(task, claim):
            return Skipped("its condition is false")
        if claim.deadline is not None and now >= claim.deadline:
            return over("deadline")
        outcome = self.without_body(record, plan, inputs, claim)
        if outcome is None and task.cache is not None:
            outcome = self._cached(plan, task, inputs, claim, key, now)
        if outcome is not None:
            return outcome
        if task.body.kind == "wait":
            return self._wait(record, task, inputs, claim, key, now)
        if task.body.kind == "child":
            return self._call(record, plan, inputs, task, claim, now)
        return None

    def _cached(
        self, plan: Plan, task: Task, inputs: RunInputs, claim: Claim, key: str, now: float
    ) -> Succeeded | None:
        """A kept result; else the entry is noted, so that the attempt's result is kept."""
        assert task.cache is not None
        made = inputs.cache_keys.key(task, inputs.cache_values(task, claim.place))
        entry = CacheEntry(made.digest, task.name, key, json.dumps(made.components), task.cache.ttl)
        kept = self._store.cached(made.digest, now)
        there = kept is not None and is_there(
            decode(optional(task.result), json.loads(kept.result)), want if self.host is None else self.host.want
        )
        # asked again: a removal may have come before its files were wanted, and takes the entry first
        if kept is not None and there and self._store.cached(made.digest, now) is not None:
            return Succeeded(kept.result, entry._replace(hit=kept.run))
        self.entries[(claim.task, claim.attempt)] = entry
        return None

    def without_body(self, record: RunRecord, plan: Plan, inputs: RunInputs, claim: Claim) -> Outcome | None:
        """For those who know the outcome of a task without running it."""
        return None

    def _wait(self, record: RunRecord, task: Task, inputs: RunInputs, claim: Claim, key: str, now: float) -> Outcome:
        kind, subject = task.body.function, inputs.evaluate(task, claim.place, task.body.payload)
        limit = _limit(task, claim, now)
        if kind in ("duration", "until"):
            until = now + subject.total_seconds() if kind == "duration" else subject.timestamp()
            awaits = Awaits("timer", repr(until), "", min(until, limit or until))
        elif kind == "event":
            awaits = Awaits("event", str(subject), "", limit)
        else:
            awaits = Awaits("approval", key, str(subject), limit)
        return self._go_on(record, task, inputs, claim, awaits, now)

    def _call(self, record: RunRecord, plan: Plan, inputs: RunInputs, task: Task, claim: Claim, now: float) -> Outcome:
        child = plan._replace(entry=task.body.function)
        given = inputs.arguments(task, claim.place, child.workflow)
        params, wrong = bind(child.workflow, {}, given, child.file, inputs.files)
        if wrong:
            return failed("expression", "; ".join(diagnostic.message for diagnostic in wrong), retryable=False)
        new = NewRun(
            new_id(now, os.urandom),
            record.plan_hash,
            child,
            "",
            params,
            record.folder,
            now,
            record.priority,
            record.labels,
            None,
            record.namespace,
            self.incarnation,
            claim.task,
        )
        return Suspended(Awaits("child", new.id, child.workflow.name, _limit(task, claim, now)), new)

    def _go_on(
        self, record: RunRecord, task: Task, inputs: RunInputs, claim: Claim, awaits: Awaits, now: float
    ) -> Outcome:
        """What has come, or what the end of its time means, or that nothing has come yet."""
        if awaits.kind == "child":
            return self._child(awaits, claim, now)
        if awaits.kind == "timer":
            if now >= float(awaits.name):
                return Succeeded("null")
        else:
            came = [s for s in self._store.signals(record.id) if (s.kind, s.name) == (awaits.kind, awaits.name)]
            if came:
                return Succeeded(inputs.checked(task.result, came[0].payload))
        if awaits.due is None or now < awaits.due:
            return Suspended(awaits)
        if task.body.default is not None:
            return Succeeded(inputs.encoded(task, claim.place, task.body.default))
        return over(_which(claim, now))

    def _child_failed(self, child: RunRecord) -> Failed:
        """With the reason of the child: its own, or that of the task that failed first."""
        tasks = self._store.plan(child.plan_hash, child.workflow).workflow.tasks
        rows = [row for row in self._store.tasks(child.id) if row.state == states.FAILED and row.error]
        first = min(
            (row for row in rows if not tasks[row.node].optional), key=lambda row: row.finished_at or 0.0, default=None
        )
        task = f"{tasks[first.node].name}: " if first is not None and not child.error else ""
        error = child.error or (first.error if first is not None else None) or "{}"
        why = json.loads(error).get("message", "it says no reason")
        return failed(
            "child_failed", f"its child run {child.id} of {child.workflow} has failed: {task}{why}", run=child.id
        )

    def _child(self, awaits: Awaits, claim: Claim, now: float) -> Outcome:
        child = self._store.run(awaits.name)
        if child.finished_at is None:
            if awaits.due is None or now < awaits.due:
                return Suspended(awaits)
            self._store.request_cancel(child.id, now)
            return over(_which(claim, now))
        if child.state == states.SUCCEEDED:
            return Succeeded(child.result or "null")
        if child.state == states.CANCELLED:
            # where the parent is being ended, its task is cancelled whatever is said here
            told = f"its child run {child.id} of {child.workflow} was cancelled"
            return failed("child_failed", told, retryable=False, run=child.id)
        return self._child_failed(child)


def _is_plain(task: Task, claim: Claim) -> bool:
    """Whether nothing is to be decided: its body runs."""
    if claim.expands or claim.awaits is not None or claim.deadline is not None:
        return False
    return task.when is None and task.cache is None and task.body.kind not in DECIDED


def failed(code: str, message: str, retryable: bool = True, **details: Any) -> Failed:
    return Failed(code, dumps({"code": code, "message": message, **details}), retryable)


def over(code: str) -> Failed:
    """The end of a time: of an attempt (`timeout`), or of the task with all its attempts (`deadline`)."""
    what = "the task was not done by its deadline" if code == "deadline" else "the attempt was not done in its time"
    return failed(code, what, retryable=code != "deadline")


def _limit(task: Task, claim: Claim, now: float) -> float | None:
    """When the attempt ends at the latest, in seconds since the epoch."""
    times = [claim.deadline] if claim.deadline is not None else []
    times += [now + task.timeout] if task.timeout is not None else []
    return min(times, default=None)


def _which(claim: Claim, now: float) -> str:
    return "deadline" if claim.deadline is not None and now >= claim.deadline else "timeout"

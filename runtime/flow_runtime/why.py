"""Why a task ran, waits, was skipped, did not start, or was not answered from the cache: the facts, for `flow why`."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from flow_engine import states
from flow_engine.errors import Refused, UnknownRun, Unreadable
from flow_engine.model import CacheEntry, RunRecord, TaskRecord
from flow_engine.stores.contract import RunFilter, Store
from flow_lang.plan import Need, Plan, Task

from flow_runtime.cache_keys import changed, changed_files
from flow_runtime.document import key_of, override_text
from flow_runtime.inputs import names_of, shown_name
from flow_runtime.labels import LabelWaits
from flow_runtime.signals import awaits_of

SHOWN_AHEAD = 5
"""Runs that are named, of those that another one waits for."""
_EDGES = {
    "value": "uses its result",
    "element": "uses its result, instance by instance",
    "order": "runs after it",
    "ended": "looks at how it ended",
    "failure": "runs when it fails",
}


class UnknownTask(Refused):
    pass


def why_document(store: Store, record: RunRecord, key: str) -> dict[str, Any]:
    """`{"run", "task", "state", "why"}`: lines, the reason first. Raises UnknownTask."""
    reasons = Why(store, record)
    row = reasons.row(key)
    if row is None:
        plan = store.plan(record.plan_hash, record.workflow)
        known = ", ".join(key_of(plan, row) for row in store.tasks(record.id) if row.place is None)
        raise UnknownTask(f"run {record.id} has no task {key[:200]}; it has: {known}")
    return {"run": record.id, "task": key, "state": row.state, "why": reasons.lines(row)}


class Why:
    """Explains the tasks of one run, as they are now."""

    def __init__(self, store: Store, record: RunRecord) -> None:
        self._store, self._record = store, record
        self._plan: Plan = store.plan(record.plan_hash, record.workflow)
        self._rows: Sequence[TaskRecord] = store.tasks(record.id)
        self._node = {task.name: i for i, task in enumerate(self._plan.workflow.tasks)}

    def row(self, key: str) -> TaskRecord | None:
        """By name, or as `fetch[3]`."""
        return next((row for row in self._rows if key_of(self._plan, row) == key), None)

    def lines(self, row: TaskRecord) -> list[str]:
        """The reason first, then the edges that led to it."""
        task = self._plan.workflow.tasks[row.node]
        explain = getattr(self, f"_{row.state}", None)
        lines = explain(task, row) if explain else [f"it is {row.state}"]
        given = [f"  a replay of its dead letter has set {override_text(row)}"] if row.override else []
        return lines + given + self._needs(task, row)

    def _succeeded(self, task: Task, row: TaskRecord) -> list[str]:
        entry = _entry(row)
        if row.size is not None:
            return self._instances_ended(task, row)
        if entry is None:
            reason = "it has no cache" if task.body.kind not in ("wait", "child") else f"it is a {task.body.kind}"
            tried = f", at attempt {row.attempt}" if row.attempt > 1 else ""
            return [f"it ran{tried}: {reason}, so that it runs in every run"]
        if entry.hit:
            same = "inputs" if task.cache is None or task.cache.keys is None else "key"
            return [f"it did not run: its result is that of run {entry.hit}, with the same code and the same {same}"]
        return ["it ran, because the cache had no result for it", f"  {self._missed(task, entry)}"]

    def _instances_ended(self, task: Task, row: TaskRecord) -> list[str]:
        """Of a cached `for`: how many ran, and why; the reasons of a thousand of them."""
        entries = [entry for item in self._instances(row) if (entry := _entry(item)) is not None]
        ran = [entry for entry in entries if not entry.hit]
        told = f"all of its {row.size:,} instances have ended"
        if not entries:
            return [told]
        reasons = Counter(self._missed(task, entry) for entry in ran[:1000])
        lines = [f"  {count:,} ran: {reason}" for reason, count in reasons.most_common(5)]
        return [f"{told}: {len(entries) - len(ran):,} were answered from the cache, {len(ran):,} ran", *lines]

    def _missed(self, task: Task, entry: CacheEntry) -> str:
        before = self._store.last_cached(self._record.workflow, entry.task, entry.key, self._record.created_at)
        if before is None:
            return "no earlier run of this task was kept"
        differs = changed(json.loads(before.components), json.loads(entry.components))
        if not differs:
            return f"the result that run {before.run} had kept was too old, or its files are gone"
        what = ", ".join(self._component(task, name, before.run) for name in differs)
        return f"since run {before.run}, {what} changed"

    def _component(self, task: Task, name: str, run: str) -> str:
        """A part of a cache key in words."""
        if name == "code":
            files = self._changed_files(task, run)
            return "its code" + (f" ({', '.join(files)})" if files else "")
        keys = task.cache.keys if task.cache is not None else None
        for at, expr in enumerate(keys or ()):
            if expr[0] != "ref" and shown_name(expr, at) == name:
                names = ", ".join(f"`{part}`" for part in sorted(names_of(expr)))
                return f"part {at + 1} of its key" + (f", made of {names}," if names else "")
        return f"`{name}`"

    def _changed_files(self, task: Task, run: str) -> list[str]:
        try:
            before = self._store.run(run)
        except UnknownRun:  # removed since
            return []
        return changed_files(self._store.plan(before.plan_hash, before.workflow), self._plan, task.name)

    def _failed(self, task: Task, row: TaskRecord) -> list[str]:
        error = json.loads(row.error) if row.error else {}
        told = f"{error.get('code')}: {error.get('message')}" if error else "an instance failed"
        allowed = task.retry.retries + 1
        of = f" of {allowed}" if row.attempt <= allowed else ""  # a run that was tried again counts on
        tried = "" if row.size is not None else f" at attempt {row.attempt}{of}"
        only = f"; `retry` is for {', '.join(task.retry.on)} only" if task.retry.on and task.retry.retries else ""
        return [f"it failed{tried}: {told}{only}"]

    def _expanding(self, task: Task, row: TaskRecord) -> list[str]:
        counts = Counter(item.state for item in self._instances(row))
        ended = sum(count for state, count in counts.items() if state in states.FINAL)
        others = [f"{count:,} {state}" for state, count in sorted(counts.items()) if state not in states.FINAL]
        return [
            f"{ended:,} of its {row.size or 0:,} instances have ended; {', '.join(others) or 'the others are being made'}"
        ]

    def _running(self, task: Task, row: TaskRecord) -> list[str]:
        since = f" since {_moment(row.started_at or row.claimed_at)}"
        return [f"it runs{since}, at attempt {row.attempt}" if row.attempt > 1 else f"it runs{since}"]

    _claimed = _running

    def _instances(self, row: TaskRecord) -> list[TaskRecord]:
        return [item for item in self._rows if item.node == row.node and item.place is not None]

    def _skipped(self, task: Task, row: TaskRecord) -> list[str]:
        absent = [need.task for need, parent in self._parents(task, row) if self._is_absent(need, parent)]
        if absent:
            return [f"it needs {', '.join(absent)}, which gave nothing"]
        if task.phase in ("undo", "failure"):
            return ["nothing had to be undone" if task.phase == "undo" else "the run did not fail"]
        return ["its `when` was false"]

    def _upstream_failed(self, task: Task, row: TaskRecord) -> list[str]:
        bad = (states.FAILED, states.UPSTREAM_FAILED, states.CANCELLED)
        blame = [key_of(self._plan, parent) for _, parent in self._parents(task, row) if parent.state in bad]
        return [f"it did not start: {', '.join(blame) or 'what it needs'} failed"]

    def _cancelled(self, task: Task, row: TaskRecord) -> list[str]:
        if self._record.cancel_requested_at is not None:
            reason = "its time was over" if self._record.cancel_reason == "timeout" else "that was asked for"
            return [f"the run was cancelled, because {reason}"]
        if self._plan.workflow.fail_fast:
            return ["another task failed, and the workflow fails fast"]
        return ["nobody could use its result any more"]

    def _blocked(self, task: Task, row: TaskRecord) -> list[str]:
        open_ = [
            key_of(self._plan, parent) for _, parent in self._parents(task, row) if parent.state not in states.FINAL
        ]
        if open_:
            return [f"it waits for {', '.join(open_[:10])}"]
        return [f"it runs in the phase {task.phase}, which has not begun"]

    def _waiting(self, task: Task, row: TaskRecord) -> list[str]:
        awaits = awaits_of(row)
        if awaits is not None:
            until = f", until {_moment(awaits.due)}" if awaits.due is not None else ""
            named = f" {awaits.text or awaits.name}" if awaits.kind != "timer" else ""
            return [f"it waits for {_article(awaits.kind)}{named}{until}"]
        if LabelWaits(self._store).text(self._plan, row):
            return self._ready(task, row)
        reason = "its next attempt" if row.attempt else "its delay to be over"
        return [f"it waits for {reason}, at {_moment(row.ready_at)}"]

    def _ready(self, task: Task, row: TaskRecord) -> list[str]:
        labels = LabelWaits(self._store)
        if remedy := labels.remedy(self._plan, row):
            return [f"it waits for {labels.text(self._plan, row)}; start one: {remedy}"]
        if ahead := self._ahead():
            return ahead
        held = [f"a slot of the pool {task.pool}"] if task.pool else []
        held += [f"one of its {task.concurrency} instances to end"] if task.concurrency else []
        held += ["its rate to allow it"] if task.rate else []
        slot = f"a slot of {labels.text(self._plan, row) or 'the worker'}"
        return [f"it could start, and waits for {' or '.join([slot, *held])}"]

    def _ahead(self) -> list[str]:
        """The runs of its workflow that have the places which its `concurrency` gives; nothing where one is free, or all are of others."""
        places, record = self._plan.workflow.concurrency, self._record
        if places is None or record.state != states.QUEUED:
            return []
        unreadable: list[Unreadable] = []
        held = RunFilter(states.RUNNING, record.workflow, limit=SHOWN_AHEAD, namespace=record.namespace)
        others = [other.id for other in self._store.runs(held, unreadable.append)]
        if not others and not unreadable:
            return []
        more = " and others" if len(others) == SHOWN_AHEAD < places else ""
        behind = f": behind {', '.join(others)}{more}" if others else ""
        told = f"the run waits to begin, since its workflow has `concurrency = {places}`{behind}"
        return [told, *(f"  {error}" for error in unreadable)]

    def _needs(self, task: Task, row: TaskRecord) -> list[str]:
        lines = []
        for need, parent in self._parents(task, row):
            lines.append(f"  {key_of(self._plan, parent):<24} {parent.state:<16} {_EDGES[need.how]}")
        return lines

    def _parents(self, task: Task, row: TaskRecord) -> list[tuple[Need, TaskRecord]]:
        return [(need, self._parent(need, row)) for need in task.needs]

    def _parent(self, need: Need, row: TaskRecord) -> TaskRecord:
        node = self._node[need.task]
        if need.how == "element" and row.place is not None:
            for other in self._rows:
                if other.node == node and other.place == row.place:
                    return other
        return self._rows[node]

    def _is_absent(self, need: Need, parent: TaskRecord) -> bool:
        soft = parent.state == states.FAILED and self._plan.workflow.tasks[parent.node].optional
        return need.how in ("value", "element") and not need.skip_ok and (parent.state == states.SKIPPED or soft)


def _entry(row: TaskRecord) -> CacheEntry | None:
    return CacheEntry(*json.loads(row.cache)) if row.cache else None


def _moment(at: float | None) -> str:
    return "any time" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _article(kind: str) -> str:
    return {"approval": "an approval:", "event": "the event", "child": "its child run of", "timer": "its time"}[kind]

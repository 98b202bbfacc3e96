"""`flow retry`, `flow diff`: an ended run tried again, by itself or with an edited file."""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flow_engine import states
from flow_engine.errors import StoreError
from flow_engine.model import RunRecord
from flow_lang.params import bind
from flow_lang.plan import Plan
from flow_runtime.edited import reuse_of
from flow_runtime.embedded import Embedded
from flow_runtime.executors.contract import need_kinds
from flow_runtime.files import FlowFiles
from flow_runtime.plans import Loaded
from flow_runtime.state_folder import StateFolder

from flow_cli import exits
from flow_cli.commands.run import given_params, new_run, work
from flow_cli.commands.runs import find_run, here
from flow_cli.failure import CommandError
from flow_cli.guard import guarded
from flow_cli.progress.text import counted
from flow_cli.request import RunRequest
from flow_cli.sources import diagnosed, load


def retry(run: str | None, file: str | None, request: RunRequest) -> int:
    """The exit code of the run, as `flow run` gives it."""
    return guarded(lambda: _with_file(run, file, request) if file else _from_failed(run, request), request.json)


def diff(run: str | None, file: str, as_json: bool) -> int:
    """What an edited file would take over from a run: 0 where that is all of it, 1 where something runs again."""
    state, store = here()
    record = find_run(store, run)
    loaded = _loaded(file, record, state)
    assert loaded.plan is not None
    found = reuse_of(store, record, loaded.plan, _params(record, loaded, RunRequest()))
    old = store.plan(record.plan_hash, record.workflow).workflow
    gone = [task.name for task in old.tasks if task.name not in found.reasons]
    if as_json:
        tasks = [{"task": name, "reused": not reason, "reason": reason} for name, reason in found.reasons.items()]
        print(json.dumps({"run": record.id, "tasks": tasks, "removed": gone}, ensure_ascii=False))
    else:
        for name, reason in found.reasons.items():
            print(f"  {name:<24} {'runs again  ' + reason if reason else 'taken over'}")
        print(*(f"  {name:<24} removed" for name in gone), sep="\n", end="\n" if gone else "")
    phases = {task.name: task.phase for task in loaded.plan.workflow.tasks}
    return exits.FAILED if any(found.reasons[name] for name in phases if phases[name] == "main") else exits.OK


def _from_failed(run: str | None, request: RunRequest) -> int:
    state, store = here()
    record = find_run(store, run)
    if record.finished_at is None:
        raise CommandError(
            exits.USAGE, "not_ended", f"run {record.id} has not ended; go on with it by: flow run --resume {record.id}"
        )
    if record.state == states.SUCCEEDED:
        raise CommandError(
            exits.USAGE, "succeeded", f"run {record.id} has succeeded; start another with: flow run FILE"
        )
    if record.parent is not None:
        message = f"run {record.id} is a child run of {record.parent}, which has to go on with it"
        raise CommandError(exits.USAGE, "child", f"{message}; try that one again: flow retry {record.parent}")
    plan = store.plan(record.plan_hash, record.workflow)
    need_kinds(plan)
    _tell_if_edited(plan, record)
    store.close()
    return in_engine(state, lambda engine: _reopened(engine, record), request)


def _tell_if_edited(plan: Plan, record: RunRecord) -> None:
    """A run keeps the text that it began with; who has edited the file since may expect another."""
    for path, text in plan.sources.items():
        whole = os.path.join(record.folder, path)
        try:
            with open(whole, encoding="utf-8", newline="") as stream:
                same = stream.read() == text
        except (OSError, ValueError):  # it is gone, or no text any more
            continue
        if not same:
            remedy = (
                f"to use the file as it is now: flow retry {record.id} --with {os.path.join(record.folder, plan.file)}"
            )
            print(
                f"{whole} was edited since, and this run goes on with the text that it began with; {remedy}",
                file=sys.stderr,
            )
            return


def _reopened(engine: Embedded, record: RunRecord) -> str:
    count = engine.store.reopen(record.id, time.time(), engine.incarnation.id)
    if not count:
        raise CommandError(exits.USAGE, "nothing", f"nothing of run {record.id} can be tried again; start another one")
    print(f"trying {counted(count, 'task')} again; what has succeeded stays", file=sys.stderr)
    return record.id


def _with_file(run: str | None, file: str, request: RunRequest) -> int:
    state, store = here()
    record = find_run(store, run)
    loaded = _loaded(file, record, state)
    assert loaded.plan is not None
    params = _params(record, loaded, request)
    found = reuse_of(store, record, loaded.plan, params)
    new = new_run(store, loaded, params)._replace(based_on=record.id, rows=tuple(found.rows))
    new = new._replace(priority=record.priority, labels=record.labels)
    store.close()
    kept = sum(not reason for reason in found.reasons.values())

    def submitted(engine: Embedded) -> str:
        engine.store.submit(new._replace(owner=engine.incarnation.id))
        print(f"{counted(kept, 'task')} taken over from run {record.id}", file=sys.stderr)
        return new.id

    return in_engine(state, submitted, request)


def in_engine(state: StateFolder, begin: Callable[[Embedded], str], request: RunRequest) -> int:
    """`begin` makes the run that is to be worked on, as its owner: a worker of the same state must not be quicker."""
    engine = Embedded(state, request.slots)
    try:
        return work(engine, begin(engine), request)
    finally:
        with suppress(StoreError):  # then the run is free because this process is gone, and what ended the run is told
            engine.close()


def _loaded(file: str, record: RunRecord, state: StateFolder) -> Loaded:
    """The file with the workflow of the run, unless another is named."""
    name = record.workflow.rpartition(":")[2]  # of an imported file, whose workflow has that name there
    named = name if ":" not in os.path.basename(file) and name.isidentifier() else ""
    loaded = load(file, state)
    if named and loaded.plan is not None and loaded.plan.entry != named:
        loaded = load(f"{file}:{named}", state)
    return loaded


def _params(record: RunRecord, loaded: Loaded, request: RunRequest) -> dict[str, Any]:
    """Those of the run, where the workflow still has them, with what is given anew."""
    assert loaded.plan is not None
    workflow = loaded.plan.workflow
    names = {param.name for param in workflow.params}
    texts, values = given_params(request)
    kept = {name: value for name, value in record.params.items() if name in names and name not in texts}
    folder, cwd = FlowFiles(loaded.folder, ""), FlowFiles(os.getcwd(), "")
    params, wrong = bind(workflow, texts, {**kept, **values}, loaded.plan.file, folder, cwd)
    if wrong:
        raise diagnosed(wrong, loaded.sources)
    return params

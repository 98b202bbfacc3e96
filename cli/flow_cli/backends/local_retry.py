"""An ended run of the local state tried again, by itself or with an edited file."""

import os
import sys
import time
from typing import Any

from flow_engine import states
from flow_engine.model import NewRun, RunRecord
from flow_engine.stores.contract import Store
from flow_lang.params import bind
from flow_lang.plan import Plan
from flow_runtime.edited import difference, reuse_of
from flow_runtime.embedded import Embedded
from flow_runtime.executors.contract import need_kinds
from flow_runtime.files import FlowFiles
from flow_runtime.plans import Loaded
from flow_runtime.state_folder import StateFolder

from flow_cli import exits
from flow_cli.backends.edited import load_for
from flow_cli.backends.local import find_run
from flow_cli.backends.new_run import new_run
from flow_cli.failure import CommandError
from flow_cli.params import given_params
from flow_cli.progress.text import counted
from flow_cli.request import RunRequest
from flow_cli.sources import diagnosed


def to_reopen(store: Store, run: str | None) -> RunRecord:
    """Raises CommandError where there is nothing to try again."""
    record = find_run(store, run)
    if record.finished_at is None:
        told = f"run {record.id} has not ended; go on with it by: flow run --resume {record.id}"
        raise CommandError(exits.USAGE, "not_ended", told)
    if record.state == states.SUCCEEDED:
        told = f"run {record.id} has succeeded; start another with: flow run FILE"
        raise CommandError(exits.USAGE, "succeeded", told)
    if record.parent is not None:
        message = f"run {record.id} is a child run of {record.parent}, which has to go on with it"
        raise CommandError(exits.USAGE, "child", f"{message}; try that one again: flow retry {record.parent}")
    plan = store.plan(record.plan_hash, record.workflow)
    need_kinds(plan)
    _tell_if_edited(plan, record)
    return record


def reopened(engine: Embedded, record: RunRecord) -> None:
    count = engine.store.reopen(record.id, time.time(), engine.incarnation.id)
    if not count:
        raise CommandError(exits.USAGE, "nothing", f"nothing of run {record.id} can be tried again; start another one")
    print(f"trying {counted(count, 'task')} again; what has succeeded stays", file=sys.stderr)


def edited_run(
    store: Store, run: str | None, file: str, state: StateFolder, request: RunRequest
) -> tuple[RunRecord, NewRun]:
    """The run, and the one of the edited file, to be submitted."""
    record = find_run(store, run)
    loaded = load_for(file, record, state)
    assert loaded.plan is not None
    params = _params(record, loaded, request)
    found = reuse_of(store, record, loaded.plan, params)
    new = new_run(store.newest(), loaded, params)._replace(based_on=record.id, rows=tuple(found.rows))
    kept = sum(not reason for reason in found.reasons.values())
    print(f"{counted(kept, 'task')} taken over from run {record.id}", file=sys.stderr)
    return record, new._replace(priority=record.priority, labels=record.labels)


def diff(store: Store, run: str | None, file: str, state: StateFolder) -> dict[str, Any]:
    record = find_run(store, run)
    loaded = load_for(file, record, state)
    assert loaded.plan is not None
    return difference(store, record, loaded.plan, _params(record, loaded, RunRequest()))


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

"""Runs a plan made by hand in real slots: for bodies that are tested without the front end."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from flow_engine.model import NewRun
from flow_engine.stores.contract import RunFilter
from flow_lang import types
from flow_lang.bundle import bundle_of
from flow_lang.plan import Body, Output, Plan, Secret, Task, Workflow
from flow_lang.types import Type
from flow_runtime.embedded import Embedded
from flow_runtime.state_folder import StateFolder

from support.plans import digest

PATIENCE = 30.0


class Done(NamedTuple):
    """How one task ended. `log` is the text of its last attempt's log, "" where there is none."""

    state: str
    result: Any
    error: dict[str, Any] | None
    log: str
    attempt: int

    @property
    def code(self) -> str:
        return self.error["code"] if self.error else ""


def run_plan(made: Plan, folder: Path, params: dict[str, Any] | None = None, slots: int = 2) -> dict[str, Done]:
    """The tasks of the run once it has ended, by name and, for an instance, position; those of a child run as `WORKFLOW NAME`."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = Embedded(StateFolder(str(folder / ".flow")), slots)
    try:
        run = engine.store.submit(
            NewRun("run-1", digest(made), made, bundle_of(made), params or {}, str(folder), time.time())
        ).run
        assert engine.worker.adopt(run)
        until = time.monotonic() + PATIENCE
        while not engine.worker.idle:
            assert time.monotonic() < until, "the run did not end"
            engine.worker.step()
        found = {_key(made, row): _done(row) for row in engine.store.tasks(run, values=True)}
        for record in engine.store.runs(RunFilter()):
            if record.id != run:
                child = made._replace(entry=record.workflow)
                found |= {
                    f"{record.workflow} {_key(child, row)}": _done(row)
                    for row in engine.store.tasks(record.id, values=True)
                }
        return found
    finally:
        engine.close()
        engine.pool.close()


def run_body(
    body: Body, folder: Path, result: Type | None = None, outputs: tuple[Output, ...] = (), **fields: Any
) -> Done:
    """One task with this body. `secrets` are declarations; the task names all of them."""
    secrets: tuple[Secret, ...] = fields.pop("secrets", ())
    single = {"single": True, "result": result} if result is not None else {}
    if outputs:
        single["result"] = types.record("", {output.name: output.type for output in outputs})
    task = Task("t", body, outputs=outputs, secrets=tuple(secret.name for secret in secrets), **single, **fields)
    workflow = Workflow("w", (), (task,), secrets=secrets)
    return run_plan(Plan("w", {"w": workflow}, "w.flow", {}), folder)["t"]


def _key(made: Plan, row: Any) -> str:
    name = made.workflow.tasks[row.node].name
    return name if row.place is None else f"{name}[{row.place}]"


def _done(row: Any) -> Done:
    load = lambda text: None if text is None else json.loads(text)  # noqa: E731
    log = Path(row.log).read_text(errors="replace") if row.log and Path(row.log).is_file() else ""
    return Done(row.state, load(row.result), load(row.error), log, row.attempt)

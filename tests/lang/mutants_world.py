"""Where a mutant runs: a copy of the examples that it may spoil, a state, a home and a folder for temporary files of its own, and stand-ins
for the services that the examples ask."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from flow_engine.errors import Refused
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.sqlite import SqliteStore
from flow_lang.plan import Workflow
from flow_runtime.document import run_document
from flow_runtime.signals import approve, send_event, waiting
from lang.mutants import EXAMPLES, ROOT, Example, Mutant, example

TOKEN = "sesame-open"
SECONDS = 40.0
"""How long a mutant may take; the slowest example takes six."""
PARAMS: dict[str, Callable[["World"], dict[str, str]]] = {
    "nightly/nightly.flow": lambda world: {"day": "2026-01-31", "api": world.service, "hook": f"{world.service}/hook"},
    "gauges/gauges.flow": lambda world: {"api": world.service},
    "order/order.flow": lambda world: {"id": "17", "most": "20"},
    "bookings/bookings.flow": lambda world: {"ledger": str(world.made("ledger"))},
    "checks/checks.flow": lambda world: {"folders": '["lang", "cli"]'},
    "digits/digits.flow": lambda world: {"candidates": '[{"kind": "neighbours", "strength": 3.0}]'},
    "walks/walks.flow": lambda world: {"walkers": "3", "steps": "500"},
}
"""The parameters of those examples that want some, or are slow without."""
PAGES = {"a.md": "# All of it\n\nTo [b](b.md)\n", "b.md": "# A part\n\nBack to [a](a.md)\n", "c.md": "No title\n"}
"""The handbook that the examples read."""
SERVICES = {
    name: f"{name.partition('/')[0]}/tools/service.py" for name in ("nightly/nightly.flow", "gauges/gauges.flow")
}
ANSWERED = ("nightly/nightly.flow", "order/order.flow")
_LIBRARIES = {
    "bookings/lib/payments.flow": ("bookings/bookings.flow",),
    "nightly/lib/quality.flow": ("nightly/nightly.flow",),
    "handbook/lib/pages.flow": ("handbook/inventory.flow", "handbook/links.flow"),
}


class Ran(NamedTuple):
    """What came of a mutant. `code` is None where its time was up; `tasks` are the failed ones of all its runs, with the body's kind."""

    code: int | None
    out: str
    err: str
    state: str
    tasks: list[dict[str, Any]]


def examples() -> list[Example]:
    """Every example, and each library with those that use it."""
    found = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.flow"))
    return [example(path, runs) for path in found for runs in _LIBRARIES.get(path, (path,))]


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service = ""
        self.examples = folder / "examples"
        shutil.copytree(EXAMPLES, self.examples)
        docs = self.made("docs")
        for name, text in PAGES.items():
            (docs / name).write_text(text)
        for path in [*(ROOT / "lang/flow_lang").glob("s*.py"), *(ROOT / "cli/flow_cli").glob("e*.py")]:
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)

    def made(self, name: str) -> Path:
        """A folder of that name, empty."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / name).mkdir()
        return self.folder / name

    def run(self, made: Mutant, workflow: Workflow, seconds: float = SECONDS) -> Ran:
        """Runs a mutant with the parameters of its example, but not with those whose default was changed."""
        copied = made.example.runs.partition("/")[0]
        self._fresh(copied)
        (self.examples / made.example.path).write_text(made.text, "utf-8")
        state = self.made("state")
        with self._serving(made.example.runs):
            given = PARAMS.get(made.example.runs, lambda _: {})(self)
            before = {param.name: param for param in made.example.plan.workflow.params}
            kept = {param.name for param in workflow.params if before.get(param.name) == param or param.default is None}
            options = [f"{name}={value}" for name, value in given.items() if name in kept or name not in before]
            target = self.examples / made.example.runs
            command = [sys.executable, "-m", "flow_cli.main", "run", str(target), "--json"]
            for option in options:
                command += ["-p", option]
            code, out, err = self._command(command, state, made.example.runs in ANSWERED, seconds)
        return Ran(code, out, err, *_told(state))

    def _fresh(self, name: str) -> None:
        source, copy = EXAMPLES / name, self.examples / name
        if source.is_dir():
            shutil.rmtree(copy)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))

    def environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": os.pathsep.join(
                str(ROOT / root) for root in ("lang", "engine", "runtime", "server", "client", "cli")
            ),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.made("home")),
            "TMPDIR": str(self.made("tmp")),
            "FLOW_HOME": str(self.folder / "state"),
            "ORDERS_TOKEN": TOKEN,
            "NO_COLOR": "1",
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
        }

    def _command(self, command: list[str], state: Path, answered: bool, seconds: float) -> tuple[int | None, str, str]:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running = subprocess.Popen(
            command,
            cwd=self.made("here"),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **pipes,
        )
        deadline = time.monotonic() + seconds
        try:
            while answered and running.poll() is None and time.monotonic() < deadline:
                answer(state)
                with suppress(subprocess.TimeoutExpired):
                    running.wait(0.1)
            out, err = running.communicate(timeout=max(deadline - time.monotonic(), 0.1))
            return running.returncode, out, err
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                running.wait(10)
            running.kill()
            out, err = running.communicate()
            return None, out, err

    @contextmanager
    def _serving(self, runs: str) -> Iterator[None]:
        if runs not in SERVICES:
            yield
            return
        command = [sys.executable, str(EXAMPLES / SERVICES[runs]), "0"]
        environment = {**os.environ, "ORDERS_TOKEN": TOKEN}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as service:
            assert service.stdout is not None
            try:
                self.service = f"http://127.0.0.1:{service.stdout.readline().strip()}"
                yield
            finally:
                service.kill()


def answer(state: Path) -> None:
    """Says yes to what a run asks, and sends the event that it waits for."""
    if not (state / "flow.db").exists():
        return
    with closing(SqliteStore(str(state / "flow.db"))) as store:
        for record in store.runs(RunFilter()):
            for item in list(waiting(store, record)):
                with suppress(
                    Refused
                ):  # of another type: it waits until its time is up; or the run has ended meanwhile
                    if item.awaits.kind == "approval":
                        approve(store, store.run(item.run), item.key, True, "a test")
                    else:
                        send_event(
                            store, store.run(item.run), item.awaits.name, {"reference": "r-1", "amount": 30.0}, "a test"
                        )


def _told(state: Path) -> tuple[str, list[dict[str, Any]]]:
    """The state of the run, and the failed tasks of it and its children."""
    if not (state / "flow.db").exists():
        return "", []
    outer, failed = "", []
    with closing(SqliteStore(str(state / "flow.db"))) as store:
        for record in store.runs(RunFilter()):
            document = run_document(store, record)
            workflow = store.plan(record.plan_hash, record.workflow).workflow
            if record.parent is None:
                outer = record.state
            tasks = {task.name: task for task in workflow.tasks}
            for row in document["tasks"]:
                if row["state"] == "failed" and row["error"]:
                    task = tasks[row["key"].partition("[")[0]]
                    failed.append({"task": row["key"], "kind": task.body.kind, "phase": task.phase, **row["error"]})
            if not failed and document["error"]:
                failed.append({"task": "", "kind": "workflow", "phase": "", **document["error"]})
    return outer, failed


def shown(ran: Ran) -> str:
    return json.dumps(ran._asdict(), ensure_ascii=False)[:4000]

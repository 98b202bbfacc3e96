"""Workflows, and what people do with them meanwhile. Each is driven again after a crash, and does what is not done yet."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from flow_engine.access import AuditEntry
from flow_engine.dead_letters.contract import Letter
from flow_engine.ids import new_id
from flow_engine.model import NewRun, Signal
from flow_engine.notices.contract import EVENTS, Notice, NotifyRule
from flow_engine.stores.contract import RunFilter
from flow_runtime.embedded import Embedded
from flow_runtime.plans import Loaded, load_plan
from flow_runtime.relays.dead_letters import DeadLetterRelay
from flow_runtime.relays.notices import NoticeRelay
from flow_runtime.schedules.scheduler import Scheduler
from flow_runtime.schedules.specs import deployment
from flow_runtime.state_folder import StateFolder

HEAD = "flow 1\n"
SAY = 'echo "{what} $FLOW_RUN $FLOW_TASK $FLOW_ATTEMPT" >> "$FLOW_FOLDER/effects"'
BEGIN, END = SAY.format(what="begin"), SAY.format(what="end")
RETRY = "defaults { retry = retry(3, backoff = constant(1ms), on = [crashed]) }"
"""A slot that is killed counts as its body's failure: nobody can tell a body that ends its own process from it."""
SINCE = 200.0
"""Seconds before now at which the schedule was deployed."""


def shell(script: str = "", told: str = "") -> str:
    """A body that tells of its begin and its end; `told` is its result."""
    result = f"\n      echo {told}" if told else ""
    return f'shell """\n      {BEGIN}\n      {script or ":"}\n      {END}{result}\n    """'


def python(code: str) -> str:
    return f"""python '''
      import os
      def say(what):
          with open(os.environ["FLOW_FOLDER"] + "/effects", "a") as stream:
              stream.write(" ".join([what, *(os.environ[n] for n in ("FLOW_RUN", "FLOW_TASK", "FLOW_ATTEMPT"))]) + "\\\\n")
      say("begin")
      found = {code}
      say("end")
      return found
    '''""".replace("\\\\n", "\\n")


LOOPS = f"""workflow loops -> int {{
  {RETRY}
  task numbers -> list[int] {{ {python("[0, 1, 2, 3]")} }}
  task first for n in numbers when n != 2 -> int {{
    {shell('[ ~{n} != 1 ] || [ "$FLOW_ATTEMPT" -gt 1 ]', "~{n}")}
    retry = retry(3, backoff = constant(10ms))
  }}
  task second for m in first -> int {{ {python("m + 1")} }}
  task page for m in first -> file {{ {shell('echo ~{m} > "page ~{m}.txt"', '"page ~{m}.txt"')} }}
  task total -> int {{ after [page]; {python("sum(second)")} }}
  return total
}}
"""
UNDOING = f"""workflow undoing {{
  {RETRY}
  task a -> int {{ {shell("", "1")}; undo {{ {shell()} }} }}
  task b for n in range(2) {{ after [a]; {shell()}; undo {{ {shell()} }} }}
  task bad {{ after [b]; {shell("exit 1")} }}
  task never {{ after [bad]; {shell()} }}
  on failure {{ task tell {{ {shell()} }} }}
  finally {{ task tidy {{ {shell()} }} }}
}}
"""
NESTED = f"""workflow inner(n: int) -> int {{
  {RETRY}
  task first -> int {{ {python("n + 1")} }}
  wait pause {{ after [first]; duration = 30ms }}
  task second -> int {{ after [pause]; {shell("", "~{first}")} }}
  return second
}}
workflow nested -> int {{
  {RETRY}
  call inners for n in range(2) = inner(n = n)
  wait go -> int {{ event = "go" }}
  task last -> int {{ {python("sum(inners) + go")} }}
  return last
}}
"""
ONCE = f"""workflow once {{
  task pay {{ {shell()}; at_most_once = true }}
  task thank {{ after [pay]; {shell()} }}
  finally {{ task tidy {{ {shell()} }} }}
}}
"""
AGAIN = f"""workflow again -> int {{
  {RETRY}
  task a -> int {{ {shell("", "4")}; undo {{ {shell()} }} }}
  task b -> int {{ {shell('[ -e "$FLOW_FOLDER/mended" ]', "~{a}")} }}
  finally {{ task tidy {{ {shell()} }} }}
  return b
}}
"""
CANCELLED = f"""workflow cancelled {{
  {RETRY}
  task a {{ {shell()}; undo {{ {shell()} }} }}
  task long {{ after [a]; {shell("sleep 60")} }}
  task never {{ after [long]; {shell()} }}
  finally {{ task tidy {{ {shell()} }} }}
}}
"""
SCHEDULED = f"""workflow scheduled(at: datetime) {{
  {RETRY}
  schedule = cron("* * * * *", overlap = queue, catchup = all, params = {{ at = fire.time }})
  task t {{ {shell()}; pool = "shared" }}
}}
"""
CROWDED = SCHEDULED.replace("scheduled", "crowded").replace("overlap = queue", "overlap = cancel")


class Scenario(NamedTuple):
    """`expected` are the states in which its runs may end; `result` is that of the run that succeeds."""

    source: str
    expected: frozenset[str]
    result: str | None = None
    poke: Callable[["Drive"], None] | None = None
    scheduled: bool = False


COMPILED: dict[str, Loaded] = {}
"""Of those that were compiled before their lives were forked."""


def compile_all(folder: Path) -> None:
    for name, scenario in SCENARIOS.items():
        path = folder / f"{name}.flow"
        path.write_text(HEAD + scenario.source)
        COMPILED[name] = load_plan(str(path), name, None)


class _Lines:
    """Delivers dead letters to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, letters: Sequence[Letter]) -> list[str | None]:
        with self._path.open("a") as stream:
            stream.writelines(f"{letter.id}\n" for letter in letters)
        return [None] * len(letters)

    def close(self) -> None:
        return


def _quick() -> float:
    """A clock by which what a dead relay held is free before the next life begins."""
    return time.time() * 1e5


class Drive:
    """One life of whoever drives a scenario: submits, works, and does what a person would do beside it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.scenario = SCENARIOS[name]
        self.engine = Embedded(StateFolder(str(folder / ".flow")), slots=2)
        self.store = self.engine.store

    def live(self) -> None:
        try:
            self._begin()
            while self._is_open():
                self.engine.worker.step(0.02)
            self._export()
            self._tell()
            self.store.removal.remove_expired(time.time())
        finally:
            self.engine.close()

    def _export(self) -> None:
        """All dead letters; those that a relay before this one held are free again at once, as if its time had gone by."""
        relay = DeadLetterRelay(self.store.letters, _Lines(self.folder / "letters"), f"relay {time.time()}", _quick)
        while self.store.letters.backlog().letters:
            assert relay.step()

    def _tell(self) -> None:
        """All notices, to a file."""

        def send(notice: Notice) -> None:
            with (self.folder / "notices").open("a") as stream:
                stream.write(f"{notice.run}:{notice.event}\n")

        relay = NoticeRelay(self.store.notices, send, f"notifier {time.time()}", _quick)
        while self.store.notices.backlog().notices:
            assert relay.step()

    def _begin(self) -> None:
        self.store.set_pool("shared", 1)
        self.store.notices.put_rule(NotifyRule("all", EVENTS, "{}"), time.time())
        at = time.time()
        self.store.access.note([AuditEntry(at, "life", "", "default", "", "begin", self.name, 200, "")])
        loaded = COMPILED[self.name]._replace(folder=str(self.folder))
        if self.scenario.scheduled:
            self._schedule(loaded)
        else:
            self.store.submit(self._new(loaded))

    def _new(self, loaded: Loaded) -> NewRun:
        assert loaded.plan is not None
        now = time.time()
        run = new_id(now, lambda size: bytes(size))
        return NewRun(
            run, loaded.plan_hash, loaded.plan, loaded.bundle, {}, loaded.folder, now, idempotency_key="the run"
        )

    def _schedule(self, loaded: Loaded) -> None:
        if not self.store.schedules():
            new = deployment(loaded, time.time() - SINCE)
            self.store.deploy(new)
        fire(self)

    def _is_open(self) -> bool:
        """Whether anything is left, after what is done meanwhile and what nobody owns is taken over."""
        for _ in range(2):  # a run that only had to be ended lets the next one begin
            if self.scenario.poke is not None:
                self.scenario.poke(self)
            for run in self.store.unowned(100):
                self.engine.worker.adopt(run)
        return not self.engine.worker.idle


def fire(drive: Drive) -> None:
    """One look of the scheduler, as if no time went by while the scenario is driven: no more instants come than had come."""
    until = drive.folder / "until"
    if not until.exists():
        until.write_text(str(time.time()))
    Scheduler(drive.store, lambda told: None, lambda *_: None, clock=lambda: float(until.read_text())).step()


def _signal(drive: Drive) -> None:
    """The event is sent once; again where nobody knows whether it was."""
    for record in drive.store.runs(RunFilter(top=True)):
        if record.finished_at is None and not drive.store.signals(record.id):
            drive.store.send(record.id, Signal("event", "go", "10", time.time()))


def _mend(drive: Drive) -> None:
    (record,) = drive.store.runs(RunFilter())
    if record.state == "failed":
        (drive.folder / "mended").touch()
        drive.store.reopen(record.id, time.time())


def _cancel(drive: Drive) -> None:
    (record,) = drive.store.runs(RunFilter())
    effects = drive.folder / "effects"
    if effects.exists() and " long " in effects.read_text():
        drive.store.request_cancel(record.id, time.time())


SCENARIOS = {
    "loops": Scenario(LOOPS, frozenset({"succeeded"}), json.dumps(1 + 2 + 4)),
    "undoing": Scenario(UNDOING, frozenset({"failed"})),
    "nested": Scenario(NESTED, frozenset({"succeeded"}), json.dumps(1 + 2 + 10), _signal),
    "once": Scenario(ONCE, frozenset({"succeeded", "failed"})),
    "again": Scenario(AGAIN, frozenset({"succeeded"}), json.dumps(4), _mend),
    "cancelled": Scenario(CANCELLED, frozenset({"cancelled"}), None, _cancel),
    "scheduled": Scenario(SCHEDULED, frozenset({"succeeded"}), None, fire, scheduled=True),
    "crowded": Scenario(CROWDED, frozenset({"succeeded", "cancelled"}), None, fire, scheduled=True),
}

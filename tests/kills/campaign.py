"""Kills engines, guardians, slots or all of them by -9 at random moments, has others go on, and checks what is left.

PYTHONPATH=tests python -m kills.campaign --kills 500 --seed 7
"""

import argparse
import os
import random
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from flow_cli.backends.new_run import new_run
from flow_engine.stores.contract import RunFilter
from flow_runtime.plans import load_plan
from simulation.checker import Violation
from support.command import Project
from support.effects import check_state, read_effects
from support.waiting import until

from kills.programs import Program, random_program

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = (
    "hello.flow",
    "cbuild/cbuild.flow",
    "handbook/inventory.flow",
    "walks/walks.flow",
    "timezones/timezones.flow",
    "bookings/bookings.flow",
)
VICTIMS = ("engine", "engine", "guardian", "slot", "engine and guardian", "all")
MOST = 4
"""Kills of one round at most; then it is let end."""
REFUSED = 2
"""The exit code of a command that has done nothing."""
LATEST = 2.0
"""Seconds after the start of a process at which it is killed at the latest."""


class Round:
    """One state, some kills in it, and its end. All choices follow from `draw`; the moments are the machine's."""

    def __init__(self, draw: random.Random, folder: Path) -> None:
        self.draw = draw
        self.project = Project(folder)
        self.counts: Counter[str] = Counter()

    def live(self) -> Counter[str]:
        chance = self.draw.random()
        if chance < 0.2:
            self._example(self.draw.choice(FILES))
        elif chance < 0.7:
            self._program(random_program(self.draw))
        else:
            self._workers([random_program(self.draw) for _ in range(3)])
        return self.counts

    # -- what is run

    def _example(self, name: str) -> None:
        """With kills it gives what it gives without, but for a task whose slot was killed under its body: that is its failure."""
        home, options = self.project.home, ["-p", f"ledger={self.project.folder}"] if "bookings" in name else []
        self.project.home = self.project.folder / "calm"
        ended = self.project.flow("run", str(EXAMPLES / name), "--json", *options)
        assert ended.code == 0, ended
        calm = self._document(ended.out)
        for path in self.project.folder.glob("*"):
            if path.is_file():
                path.unlink()  # what the example itself writes
        self.project.home = home
        self._run_with_kills([str(EXAMPLES / name), *options])
        with closing(self.project.store()) as store:
            records = check_state(store, None)
            errors = [row.error or "" for record in records for row in store.tasks(record.id)]
        found = self._document(self.project.flow("status", "--json").out)
        if found != calm and not _unlucky(errors):
            raise Violation(f"{name}: {found} instead of {calm}: {errors}")
        self._check_left()
        self.counts["examples"] += 1

    def _document(self, out: str) -> Any:
        """The states and the result, without the folder of the state, times and ids."""
        import json

        found = json.loads(re.sub(re.escape(str(self.project.home)), "HOME", out))
        return found["state"], found["result"], {task["key"]: task["state"] for task in found["tasks"]}

    def _program(self, program: Program) -> None:
        self.project.write("w.flow", program.source)
        self._run_with_kills(["w.flow:w"])
        self._check([program])
        self.counts["programs"] += 1

    def _workers(self, programs: list[Program]) -> None:
        """Two workers on one state; who is killed is started again."""
        self.project.home.mkdir(exist_ok=True)
        for number, program in enumerate(programs):
            loaded = load_plan(str(self.project.write(f"w{number}.flow", program.source)), "w", None)
            with closing(self.project.store()) as store:
                store.submit(new_run(store.newest(), loaded, {"flag": False}))
        workers = [self._start("worker", "--slots", "2") for _ in range(2)]
        try:
            for _ in range(MOST):
                time.sleep(self.draw.uniform(0.1, LATEST))
                at = self.draw.randrange(len(workers))
                self._kill(workers[at])
                if workers[at].poll() is not None:
                    workers[at] = self._start("worker", "--slots", "2")
            until(self._all_ended, seconds=90, what="the end of all runs")
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.wait(timeout=60)
        self._check(programs)
        self.counts["worker rounds"] += 1

    def _all_ended(self) -> bool:
        with closing(self.project.store()) as store:
            return all(record.finished_at for record in store.runs(RunFilter(limit=1000)))

    def _run_with_kills(self, target: list[str]) -> None:
        arguments, kills = ["run", *target, "-q"], self.draw.randint(1, MOST)
        while True:
            process = self._start(*arguments)
            try:
                process.wait(timeout=self.draw.uniform(0.05, LATEST) if kills > 0 else 90)
            except subprocess.TimeoutExpired:
                self._kill(process)
                kills -= 1
                if process.poll() is None:
                    process.wait(timeout=90)
            runs = self._top_runs()
            if process.returncode == REFUSED:
                raise Violation(f"{arguments} was refused")
            if runs and self._all_ended():
                return
            arguments = ["run", "--resume", runs[-1], "-q"] if runs else arguments

    def _top_runs(self) -> list[str]:
        if not (self.project.home / "flow.db").exists():
            return []
        with closing(self.project.store()) as store:
            return [record.id for record in store.runs(RunFilter(top=True))]

    # -- the kills

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        from support.command import COMMAND

        with open(self.project.folder / "told", "ab") as told:
            return subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=self.project.folder,
                env=self.project.environment(),
                stdout=told,
                stderr=told,
                stdin=subprocess.DEVNULL,
            )

    def _kill(self, engine: "subprocess.Popen[bytes]") -> None:
        """The engine is stopped while others of its processes are sought, so that the choice is of one moment."""
        victim = self.draw.choice(VICTIMS)
        if engine.poll() is not None:
            return
        engine.send_signal(signal.SIGSTOP)
        guardian, *slots = self._helpers(engine.pid) or [0]
        chosen = {"guardian": [guardian], "slot": slots[:1], "engine and guardian": [guardian]}.get(victim, [])
        chosen = [guardian, *slots] if victim == "all" else chosen
        for pid in filter(None, chosen):
            os.kill(pid, signal.SIGKILL)
        if "engine" in victim or victim == "all":
            engine.kill()
            engine.wait(timeout=30)
        else:
            engine.send_signal(signal.SIGCONT)
        self.counts["kills"] += 1
        self.counts[f"kills of {victim}"] += 1

    def _helpers(self, engine: int) -> list[int]:
        """The guardian, and then its slots, of this engine."""
        found: dict[int, list[int]] = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                found.setdefault(int(fields[1]), []).append(int(entry))
        guardians = found.get(engine, [])
        return [*guardians[:1], *found.get(guardians[0], [])] if guardians else []

    # -- what is left

    def _check(self, programs: list[Program]) -> None:
        with closing(self.project.store()) as store:
            records = check_state(store, read_effects(self.project.folder / "effects"))
            errors = [row.error or "" for record in records for row in store.tasks(record.id)]
        for record in (record for record in records if record.parent is None):
            self.counts[f"runs {record.state}"] += 1
        failed = sum(record.state == "failed" and record.parent is None for record in records)
        wanted = sum(program.fails for program in programs)
        if failed < wanted or (failed > wanted and not _unlucky(errors)):
            raise Violation(f"{failed} runs failed, {wanted} should have: {errors}")
        self._check_left()

    def _check_left(self) -> None:
        until(lambda: self.project.processes() == [], seconds=15, what="the end of all processes")
        self.project.write("last.flow", 'flow 1\nworkflow w { task t { shell "true" } }\n')
        ended = self.project.flow("run", "last.flow", "-q")
        assert ended.code == 0, ended
        left = [path.name for name in ("engines", "scratch") for path in (self.project.home / name).iterdir()]
        left = [name for name in left if not name.startswith("engine-")]
        if left:
            raise Violation(f"left behind: {left}")


def _unlucky(errors: list[str]) -> bool:
    """Whether a body was killed with its slot, or was not to start twice."""
    return any("crashed" in error or "worker_lost" in error for error in errors)


def campaign(kills: int, seed: int, folder: Path, tell: bool = False) -> Counter[str]:
    """Rounds until there were so many kills. Raises with the number of the round, which with the seed gives its workflows again."""
    total: Counter[str] = Counter()
    number = 0
    while total["kills"] < kills:
        number += 1
        current = Round(random.Random(f"{seed}/{number}"), folder / str(number))
        try:
            total += current.live()
        except BaseException as error:
            told = current.project.folder / "told"
            error.add_note(f"seed {seed}, round {number}: {told.read_text()[-2000:] if told.exists() else ''}")
            raise
        total["rounds"] += 1
        if tell and number % 10 == 0:
            print(f"round {number}: {total['kills']} kills", flush=True)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kills.campaign")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flow-kills-") as folder:
        total = campaign(given.kills, given.seed, Path(folder), tell=True)
    counts = ", ".join(f"{count:,} {what}" for what, count in sorted(total.items()))
    print(f"{time.monotonic() - began:.0f} s: {counts}; nothing wrong")


if __name__ == "__main__":
    main()

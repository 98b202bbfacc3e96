"""Kills workers and Valkey, flushes it and stops it, until all is done: `python -m queue_chaos.campaign --seed 1 --rounds 20`."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from support.tied import tied
from support.valkey import Valkey

from queue_chaos.state import State

FAULTS = ("worker", "worker", "flush", "scripts", "restart", "stop", "connections")


class Campaign:
    """One round: so many tasks, three workers, a fault every tenth of a second or so, `faults` at most."""

    def __init__(self, folder: Path, seed: int, tasks: int, faults: int = 40) -> None:
        self.faults: Counter[str] = Counter()
        self._draw = random.Random(seed)
        self._tasks, self._most = tasks, faults
        self._path = folder / "state.db"
        self._state = State(self._path, tasks)
        self._valkey = Valkey(folder).start()
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._begun = 0

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        try:
            while self._state.left():
                assert time.monotonic() < end, f"{self._state.left()} tasks are left after {dict(self.faults)}"
                self._fill()
                time.sleep(self._draw.uniform(0.05, 0.2))
                self._break(self._draw.choice(FAULTS) if self.faults.total() < self._most else "")
            assert self._state.accepted() == list(range(self._tasks))
        finally:
            for name in [*self._workers]:
                self._kill(name)
            self._valkey.kill()
            self._state.close()

    def _fill(self) -> None:
        for name, process in [*self._workers.items()]:
            if process.poll() is not None:
                assert process.returncode == 0 or not self._state.left(), f"worker {name} ended by itself"
                del self._workers[name]
        while len(self._workers) < 3:
            self._begun += 1
            name = f"w{self._begun}"
            command = ["-m", "queue_chaos.worker", str(self._path), self._valkey.url, name, str(self._draw.random())]
            paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            self._workers[name] = subprocess.Popen(tied(sys.executable, *command), env=paths)

    def _kill(self, name: str) -> None:
        process = self._workers.pop(name)
        process.kill()
        process.wait(30)
        self._state.rescue(name)

    def _break(self, fault: str) -> None:
        if not fault:
            return
        self.faults[fault] += 1
        if fault == "worker":
            self._kill(self._draw.choice(sorted(self._workers)))
        elif fault == "restart":
            self._valkey.kill()
            time.sleep(self._draw.uniform(0.0, 0.2))
            self._valkey.start()
        elif fault == "stop":
            self._valkey.stop()
            time.sleep(self._draw.uniform(0.0, 0.3))
            self._valkey.go_on()
        else:
            self._ask(fault)

    def _ask(self, fault: str) -> None:
        with self._valkey.client() as client:
            if fault == "flush":
                client.flushall()
            elif fault == "scripts":
                client.script_flush()
            else:
                client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--tasks", type=int, default=3000)
    wanted = parser.parse_args()
    total: Counter[str] = Counter()
    for seed in range(wanted.seed, wanted.seed + wanted.rounds):
        with tempfile.TemporaryDirectory() as folder:
            campaign = Campaign(Path(folder), seed, wanted.tasks)
            campaign.run(180.0)
        total += campaign.faults
    print(f"{wanted.rounds} rounds of {wanted.tasks} tasks, faults {dict(total)}: each task was accepted once")


if __name__ == "__main__":
    main()

"""At each named point, in each workflow that passes it: killed there, driven again, and nothing that was promised is broken."""

import fcntl
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.crash_points import POINTS, VARIABLE
from flow_engine.model import RunRecord
from flow_engine.stores.sqlite import SqliteStore
from support.command import Project
from support.effects import check_state, read_effects
from support.waiting import until

from crash_points.scenarios import SCENARIOS

AFTER_A_DEATH = ("worker.adopting", "adopt.before_commit", "adopt.after_commit", "leftovers.buried")
"""Points at which a worker handles another one's death: before these, one is killed elsewhere."""
BETWEEN = "mail."
"""Points that take two workers: tests/chaos."""
DEATH = "worker.sent:2"
WORKFLOWS, PASSINGS = 3, 12
"""A point is tried in so many workflows of those that pass it, drawn anew each time, and at one of its first passings.
`FLOW_CRASH_ALL=1` tries all of them in all workflows."""
ALL = bool(os.environ.get("FLOW_CRASH_ALL"))


class Zygote:
    """The process that forks the lives, all of which carry the mark of its project."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        environment = {**self.project.environment(), VARIABLE: "pool.after_commit", "PYTHONPATH": ":".join(sys.path)}
        command = [sys.executable, "-m", "crash_points.zygote", str(folder)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._cases = 0

    def case(self, scenario: str) -> Path:
        """A fresh folder."""
        self._cases += 1
        folder = self.project.folder / f"{scenario}-{self._cases}"
        folder.mkdir()
        return folder

    def live(self, scenario: str, folder: Path, crash: str = "") -> tuple[int, bool]:
        """The status of one life, and whether something was killed in it; no process of it is left."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"scenario": scenario, "folder": str(folder), "crash": crash}), file=self._process.stdin)
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        own = str(self._process.pid)
        until(
            lambda: [line for line in self.project.processes() if line.split()[0] != own] == [],
            seconds=10,
            what=f"the end of all processes of {scenario} after {crash}",
        )
        point = crash.partition(":")[0]
        told = (folder / "stderr").read_text()
        return status, bool(crash) and f"killed at {point}\n" in told

    def end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    found = Zygote(tmp_path_factory.mktemp("crash points"))
    yield found
    found.end()


@pytest.fixture(scope="session")
def passings(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter[str]]:
    """How often each point is passed in a life of each workflow; found once for all processes of this test session."""
    base = tmp_path_factory.getbasetemp()
    kept = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "passings.json"
    with open(f"{kept}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(_traced(zygote)))
    return {point: Counter(found) for point, found in json.loads(kept.read_text()).items()}


def _traced(zygote: Zygote) -> dict[str, Counter[str]]:
    """Of a life after another's death, where the point is for that."""
    found: dict[str, Counter[str]] = {point: Counter() for point in POINTS}
    for scenario in SCENARIOS:
        for death in ("", DEATH):
            folder = zygote.case(scenario)
            if death:
                zygote.live(scenario, folder, death)
            zygote.live(scenario, folder, "trace")
            for point, count in Counter((folder / "trace").read_text().split()).items():
                if (point in AFTER_A_DEATH) == bool(death):
                    found[point][scenario] = count
    return found


@pytest.mark.timeout(1800 if ALL else 300)
@pytest.mark.parametrize("point", [point for point in POINTS if not point.startswith(BETWEEN)])
def test_killed_at(point: str, zygote: Zygote, passings: dict[str, Counter[str]]) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    killed = [_is_killed(zygote, scenario, point, number, seed) for scenario, number in _cases(passings[point], seed)]
    if not any(killed):  # which moments a life has is not the same each time: then all that were seen to pass it
        killed = [_is_killed(zygote, scenario, point, 1, seed) for scenario in passings[point]]
    assert any(killed), f"no workflow passes {point}"


def _cases(passings: Counter[str], seed: int) -> list[tuple[str, int]]:
    """(workflow, at which passing it is killed)"""
    if ALL:
        return [(name, number) for name in passings for number in range(1, min(passings[name], PASSINGS) + 1)]
    draw = random.Random(seed)
    chosen = draw.sample(sorted(passings), min(WORKFLOWS, len(passings)))
    later = [(name, draw.randint(1, min(passings[name], PASSINGS))) for name in chosen[1:]]
    return [(name, 1) for name in chosen[:1]] + later


def _is_killed(zygote: Zygote, scenario: str, point: str, number: int, seed: int) -> bool:
    """Whether the point was reached so often; what is left after another life is as it must be."""
    crash = f"{point}:{number}"
    folder = zygote.case(scenario)
    if point in AFTER_A_DEATH:
        zygote.live(scenario, folder, DEATH)
    _, killed = zygote.live(scenario, folder, crash)
    status, _ = zygote.live(scenario, folder)
    told = f"{scenario} killed at {crash}, seed {seed}: {folder}"
    assert status == 0, f"{told}\n{(folder / 'stderr').read_text()}"
    with closing(SqliteStore(str(folder / ".flow" / "flow.db"))) as store:
        try:
            records = check_state(store, read_effects(folder / "effects"))
        except AssertionError as error:
            error.add_note(told)
            raise
        _check_letters(store, folder, told)
        _check_notices(store, records, folder, told)
        errors = [row.error for record in records for row in store.tasks(record.id) if row.error]
        _check_runs(scenario, records, f"{told} {errors}")
        if SCENARIOS[scenario].scheduled:
            assert not store.schedules()[0].held, told
    left = [path.name for name in ("engines", "scratch") for path in (folder / ".flow" / name).iterdir()]
    assert left == [], told
    return killed


def _check_letters(store: SqliteStore, folder: Path, told: str) -> None:
    """Each was delivered, at least once, and nothing waits."""
    assert store.letters.backlog().letters == 0, told
    sent = set((folder / "letters").read_text().split()) if (folder / "letters").exists() else set()
    kept = store._connection.execute("SELECT run || ':' || seq || ':' || attempt FROM dead_letter").fetchall()
    assert sent == {letter for (letter,) in kept}, told


def _check_notices(store: SqliteStore, records: list[RunRecord], folder: Path, told: str) -> None:
    """Each run that ended and each task that failed for good was told of, and nothing waits."""
    assert store.notices.backlog().notices == 0, told
    assert store.notices.failed() == [], told
    sent = set((folder / "notices").read_text().split())
    wanted = {f"{record.id}:run.{record.state}" for record in records if record.parent is None}
    wanted |= {f"{run}:task.failed" for (run,) in store._connection.execute("SELECT run FROM dead_letter")}
    assert sent >= wanted, told


def _check_runs(scenario: str, records: list[RunRecord], told: str) -> None:
    wanted = SCENARIOS[scenario]
    tops = [record for record in records if record.parent is None]
    if wanted.scheduled:
        instants = [record.params["at"] for record in tops]
        assert len(instants) == len(set(instants)) >= (3 if scenario == "scheduled" else 1), told
    else:
        assert len(tops) == 1, told
    for record in tops:
        assert record.state in wanted.expected, f"{told}: {record}"
        if record.state == "succeeded":
            assert record.result == wanted.result, f"{told}: {record}"
    children = [record for record in records if record.parent is not None]
    assert len(children) == (2 if scenario == "nested" else 0), told

"""The server crashes in the middle of transactions: nothing is lost that was acknowledged, nothing is done twice, and everybody goes on."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.errors import StoreError
from flow_engine.model import NewRun, Signal
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.postgres import PostgresStore
from flow_lang.bundle import bundle_of
from support.plans import digest, plan, task
from support.postgres import PostgresServer
from support.waiting import until
from support.world import World

CRASHES = 5
CHAIN = plan(*[task(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(8)])


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgresServer]:
    """A server of this module's own. It has to be started by the main thread."""
    server = PostgresServer()
    yield server
    server.close()


class Busy:
    """Goes on with one thing in a thread until it is told to stop, and counts what was acknowledged."""

    def __init__(self, url: str, act: Callable[[PostgresStore, int], None]) -> None:
        self.done = 0
        self.failed: list[BaseException] = []
        self._url, self._act = url, act
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(timeout=90)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with closing(PostgresStore(self._url, lambda worker: True, lambda: 0.5)) as store:
                while not self._stop.is_set():
                    self._act(store, self.done)
                    self.done += 1
        except BaseException as error:  # noqa: BLE001 - a thread's error is told by the test
            self.failed.append(error)


def submit(store: PostgresStore, number: int) -> None:
    new = NewRun(f"run-{number:05}", digest(CHAIN), CHAIN, bundle_of(CHAIN), {}, "/tmp", 1000.0)
    assert store.submit(new) == (new.id, True)


def work(store: PostgresStore, number: int) -> None:
    """A whole run, by one worker that never dies."""
    world = World(store, "w1")
    world.start(CHAIN, f"work-{number:05}")
    assert world.run_all() == [f"t{n}" for n in range(8)]
    world.finish(f"work-{number:05}")


def send(store: PostgresStore, number: int) -> None:
    store.send("open", Signal("event", f"{number}", "1", 1000.0))


def test_crashes_of_the_server(mortal: PostgresServer) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    url = mortal.database()
    with closing(PostgresStore(url)) as store:
        World(store).submit(CHAIN, "open")
    busy = [Busy(url, act) for act in (submit, work, send)]
    for _ in range(CRASHES):
        time.sleep(draw.uniform(0.1, 0.5))
        mortal.stop(signal.SIGQUIT)
        mortal.start()
    for one in busy:
        before = one.done
        until(
            lambda one=one, before=before: one.done > before + 1 or one.failed, 60, "what goes on after the last crash"
        )  # type: ignore[misc]
    for one in busy:
        one.end()
    assert [one.failed for one in busy] == [[], [], []]
    submitted, worked, sent = (one.done for one in busy)
    with closing(PostgresStore(url)) as store:
        records = {record.id: record for record in store.runs(RunFilter(limit=100_000))}
        assert sorted(run for run in records if run.startswith("run-")) == [f"run-{n:05}" for n in range(submitted)]
        assert {records[f"work-{n:05}"].state for n in range(worked)} == {"succeeded"}
        for run in records:
            rows = store.tasks(run)
            assert [row.attempt for row in rows] == ([1] * 8 if run.startswith("work") else [0] * 8)
        assert [int(signal.name) for signal in store.signals("open")] == list(range(sent))


def test_a_server_that_stays_away_is_waited_for_and_then_given_up(mortal: PostgresServer) -> None:
    url = mortal.database()
    with closing(PostgresStore(url, patience=0.5)) as store:
        mortal.stop(signal.SIGQUIT)
        began = time.monotonic()
        for act in (lambda: store.pools(), lambda: store.set_pool("p", 1)):
            with pytest.raises(StoreError, match="could not be reached"):
                act()
        assert 1.0 <= time.monotonic() - began < 20
        mortal.start()
        store.set_pool("p", 1)
        assert store.pools() == {"p": 1}


def test_the_server_of_a_test_process_that_is_killed_ends_with_it() -> None:
    tests = Path(__file__).resolve().parent.parent
    code = "import time; from support.postgres import shared_server; print(shared_server().pid, flush=True); time.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": str(tests)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert Path("/proc", str(pid)).exists()
        process.kill()
    until(lambda: has_ended(pid), 20, "the end of the server")


def has_ended(pid: int) -> bool:
    """Also where nobody has asked for its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].startswith("Z")
    except FileNotFoundError:
        return True

"""Two processes that claim at the same time."""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flow_engine.model import Ask, NewRun
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.postgres import PostgresStore
from flow_lang.bundle import bundle_of
from flow_lang.plan import Plan
from support.plans import digest, plan, task
from support.postgres import PostgresServer
from support.waiting import until
from support.world import World

TESTS = Path(__file__).resolve().parent.parent
WIDE = plan(*[task(f"t{number}") for number in range(50)])
POOLED = plan(*[task(f"t{number}", pool="few") for number in range(8)])


def claimed_by(url: str, workers: int, want: int) -> list[list[str]]:
    """What each of so many processes wrote down."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "postgres.claiming", url, f"w{number}", str(want)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for number in range(workers)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        told = [process.communicate(timeout=100)[0].splitlines() for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert [process.returncode for process in started] == [0] * workers
    return told


def submit(store: PostgresStore, made: Plan, count: int) -> None:
    bundle = bundle_of(made)
    news = [NewRun(f"run-{n}", digest(made), made, bundle, {}, "/tmp", 1000.0) for n in range(count)]
    store.submit_all(news)


def test_thousands_of_claims_and_none_twice(url: str, opened: Callable[[], PostgresStore]) -> None:
    store = opened()
    submit(store, WIDE, 60)
    told = claimed_by(url, 2, 10)
    claims = Counter(line for lines in told for line in lines if not line.startswith("full"))
    assert len(claims) == 60 * 50
    assert set(claims.values()) == {1}
    assert all(len(lines) > 50 for lines in told), "one process did all"
    assert {record.state for record in store.runs(RunFilter())} == {"succeeded"}


def test_a_pool_is_never_over_full(url: str, opened: Callable[[], PostgresStore]) -> None:
    store = opened()
    store.set_pool("few", 3)
    submit(store, POOLED, 24)
    told = claimed_by(url, 2, 4)
    taken = [int(line.split()[1]) for lines in told for line in lines if line.startswith("full")]
    assert max(taken) == 3
    claims = [line for lines in told for line in lines if not line.startswith("full")]
    assert len(claims) == len(set(claims)) == 24 * 8
    assert {record.state for record in store.runs(RunFilter())} == {"succeeded"}


@pytest.mark.parametrize("lends", [False, True], ids=["claims", "lends"])
def test_who_has_counted_the_slots_of_a_pool_claims_before_another_counts(
    lends: bool, server: PostgresServer, opened: Callable[[], PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else both see a free slot: a count under READ COMMITTED does not see what the other is about to commit."""
    opened().set_pool("few", 1)
    one, two = World(opened(), "w1"), World(opened(), "w2")
    one.start(POOLED, "run-1")
    two.start(POOLED, "run-2")
    counted, go_on, real = threading.Event(), threading.Event(), PostgresStore._decide

    def decide(store: PostgresStore, *arguments: Any) -> Any:
        if store is one.store:
            counted.set()
            assert go_on.wait(timeout=30)
        return real(store, *arguments)

    monkeypatch.setattr(PostgresStore, "_decide", decide)
    asks = [Ask(hint, "w3") for hint in two.hints]
    claim = partial(two.tick, want=0, asks=asks) if lends else two.tick
    first, second = threading.Thread(target=one.tick), threading.Thread(target=claim)
    first.start()
    assert counted.wait(timeout=30)
    second.start()
    until(lambda: not second.is_alive() or waits_for_a_lock(server), what="the second one to wait")
    go_on.set()
    for thread in (first, second):
        thread.join(timeout=30)
    assert (len(one.claims), len(two.claims)) == (1, 0)


def waits_for_a_lock(server: PostgresServer) -> bool:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'").fetchone() is not None


def test_of_many_who_want_a_run_one_gets_it(opened: Callable[[], PostgresStore]) -> None:
    """airflow#51962: there two workers received the same task."""
    submit(opened(), plan(task("a")), 20)
    barrier, got = threading.Barrier(4), []
    stores = [opened() for _ in range(4)]

    def adopt(name: str, store: PostgresStore) -> None:
        for number in range(20):
            barrier.wait(timeout=30)
            if store.adopt(name, f"run-{number}", 1000.0) is not None:
                got.append(number)

    threads = [threading.Thread(target=adopt, args=(f"w{number}", store)) for number, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(got) == list(range(20))

"""How a worker with labels hears of tasks that need them, and others of its labels."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from flow_engine.model import Ask, Expanded, Hint, TaskRef, WorkerRecord
from flow_engine.stores.postgres import PostgresStore
from flow_lang.plan import Body, Retry
from flow_runtime.state_folder import StateFolder
from flow_runtime.storage_logs import logs_of
from flow_server.app import create_app
from flow_server.pages.run_view import run_view
from starlette.testclient import TestClient
from support.plans import each, plan, task, value_task
from support.world import World, broken

GPU, BOTH = ("gpu",), ("gpu", "ssd")


def lend(world: World, seq: int, run: str = "run-1", attempt: int = 0) -> None:
    found = Ask(Hint(0.0, 0.0, TaskRef(run, seq), False, attempt), "w2", BOTH)
    assert len(world.tick(want=0, asks=[found], labels=()).lent) == 1


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_it_is_told_the_runs_with_tasks_that_it_may_take(opened: Callable[[], PostgresStore]) -> None:
    world, other = World(opened()), opened()
    world.start(plan(task("a", labels=GPU), task("b", labels=GPU), task("c", "a", labels=BOTH)), "run-1")
    world.start(plan(task("a", labels=("ssd",)), priority=0), "run-2")
    world.start(plan(task("a")), "run-3")
    assert other.wanted(GPU, 9) == ["run-1"]
    assert other.wanted(("ssd", "x"), 9) == ["run-2"]
    assert other.wanted(BOTH, 9) == ["run-1", "run-2"]
    assert other.wanted(BOTH, 1) == ["run-1"]
    assert other.wanted((), 9) == other.wanted(("x",), 9) == []
    lend(world, 0)
    assert other.wanted(GPU, 9) == ["run-1"]
    lend(world, 1)
    assert other.wanted(GPU, 9) == []
    world.tick(world.end("a", worker="w2"), want=0, labels=())
    assert other.wanted(GPU, 9) == []
    assert other.wanted(BOTH, 9) == ["run-1", "run-2"]


def test_a_run_that_nobody_owns_is_for_everybody(opened: Callable[[], PostgresStore]) -> None:
    world = World(opened())
    world.submit(plan(task("a", labels=GPU)))
    world.submit(plan(task("a", labels=GPU)), "run-2")  # whose plan it has seen, so that the server gives it a number
    assert opened().wanted(GPU, 9) == []
    for run in ("run-1", "run-2"):
        assert world.store.adopt("w1", run, world.now) is not None
    assert opened().wanted(GPU, 9) == ["run-1", "run-2"]


def test_the_most_urgent_run_is_first(opened: Callable[[], PostgresStore]) -> None:
    world = World(opened())
    for number, priority in enumerate((0, 5, 0)):
        world.submit(plan(task("a", labels=GPU)), f"run-{number}", priority=priority)
        assert world.store.adopt("w1", f"run-{number}", world.now) is not None
    assert opened().wanted(GPU, 2) == ["run-1", "run-0"]


def test_instances_need_what_their_task_needs_and_its_list_nothing(opened: Callable[[], PostgresStore]) -> None:
    world, other = World(opened()), opened()
    wait = Body("wait", function="event")
    world.start(plan(value_task("xs"), each("b", "xs", labels=GPU), value_task("w")._replace(body=wait, labels=GPU)))
    world.tick(labels=())
    world.tick(world.end("xs"), want=0, labels=())
    assert world.states()["b"] == "ready"
    assert other.wanted(GPU, 9) == []
    world.tick(labels=())
    world.tick(world.end("b", Expanded(300, [f'"{n}"' for n in range(300)])), want=0, labels=())
    assert other.wanted(GPU, 9) == ["run-1"]


def test_another_attempt_is_told_once_it_is_due(opened: Callable[[], PostgresStore]) -> None:
    """Its row says that it waits, also when its time has come."""
    world, other = World(opened()), opened()
    far = 1e10
    world.start(plan(task("a", labels=GPU, retry=Retry(2, 10.0))))
    lend(world, 0)
    world.now = far
    world.tick(world.end("a", broken(), worker="w2"), want=0, labels=())
    assert world.states() == {"a": "waiting"}
    assert other.wanted(GPU, 9) == []
    world.now = far + 10.0
    lend(world, 0, attempt=1)
    world.now = 1000.0
    world.tick(world.end("a", broken(), worker="w2"), want=0, labels=())
    assert world.states() == {"a": "waiting"}
    assert other.wanted(GPU, 9) == ["run-1"]


def test_others_are_not_sent_for_it(opened: Callable[[], PostgresStore]) -> None:
    """A worker that has not the labels would come for it again and again."""
    world = World(opened())
    world.start(plan(task("a", labels=GPU)))
    world.start(plan(task("a", labels=GPU), task("b")), "run-2")
    assert [hint.task.run for _, hint in world.store.source.ready_hints(9)] == ["run-2"]  # type: ignore[attr-defined]
    assert [hint.task.run for _, hint in world.store.source.ready_hints(9, TaskRef("", 0))] == ["run-2"]  # type: ignore[attr-defined]


def test_what_an_earlier_version_has_begun_gets_its_labels_when_it_is_taken_over(url: str) -> None:
    dead: set[str] = set()

    def alive(worker: str) -> bool:
        return worker not in dead

    with closing(PostgresStore(url, alive)) as store, closing(PostgresStore(url, alive)) as heir:
        world = World(store)
        world.start(plan(value_task("xs"), each("b", "xs", labels=GPU), task("c", labels=BOTH), task("d")))
        world.tick(want=1, labels=())
        world.tick(world.end("xs"), labels=())
        world.tick(world.end("b", Expanded(2, ['"x"', '"y"'])), want=0, labels=())
        rows(url, "UPDATE flow.task SET labels = NULL")
        assert heir.wanted(BOTH, 9) == []
        dead.add("w1")
        assert heir.adopt("w9", "run-1", world.now) is not None
        assert rows(url, "SELECT seq, labels FROM flow.task ORDER BY seq") == [
            (0, None),
            (1, None),
            (2, '["gpu","ssd"]'),
            (3, None),
            (4, '["gpu"]'),
            (5, '["gpu"]'),
        ]
        assert heir.wanted(GPU, 9) == ["run-1"]


def test_a_state_without_labels_writes_none_and_asks_once(opened: Callable[[], PostgresStore], url: str) -> None:
    world = World(opened())
    world.start(plan(task("a"), task("b", "a")))
    trips = world.store._session.trips  # type: ignore[attr-defined]
    assert world.store.wanted(GPU, 9) == []  # type: ignore[attr-defined]
    assert world.store._session.trips == trips + 1  # type: ignore[attr-defined]
    assert world.run_all() == ["a", "b"]
    assert rows(url, "SELECT count(*) FROM flow.task WHERE labels IS NOT NULL OR wanted IS NOT NULL") == [(0,)]


def test_living_workers_are_told_with_their_labels(url: str) -> None:
    with closing(PostgresStore(url, lease=30.0)) as store:
        assert store.workers() == []
        assert store.has_labels(()) is False
        store.leases.beat("w1", ["ssd", "gpu"])
        store.leases.beat("w2")
        assert store.workers() == [WorkerRecord("w1", BOTH), WorkerRecord("w2")]
        assert store.has_labels(GPU) is store.has_labels(()) is True
        assert store.has_labels(("gpu", "x")) is False
        rows(url, "UPDATE flow.worker SET heartbeat_at = heartbeat_at - interval '1 minute' WHERE incarnation = 'w1'")
        assert store.has_labels(GPU) is False
        World(store).start(plan(task("a")))  # in the name of a worker that tells nothing of itself
        assert store.workers() == [WorkerRecord("w1"), WorkerRecord("w2")]


def test_the_api_tells_what_waits_for_labels_and_who_has_some(url: str, tmp_path: Path) -> None:
    state = StateFolder(str(tmp_path), database_url=url)
    app = create_app(state, "a-token-for-tests-only")
    with (
        closing(PostgresStore(url)) as store,
        TestClient(app, headers={"Authorization": "Bearer a-token-for-tests-only"}) as client,
    ):
        World(store).start(plan(task("a", labels=BOTH), task("b")))

        def told() -> list[object]:
            found = client.get("/api/v1/runs/run-1").json()["tasks"]
            assert client.get("/api/v1/runs/run-1/tasks").json()["tasks"] == found
            assert client.get("/api/v1/runs/run-1/tasks/a").json()["waits_for"] == found[0]["waits_for"]
            return [one.get("waits_for") for one in found]

        assert told() == ["a worker with the labels gpu, ssd, and none lives", None]
        assert client.get("/api/v1/runs/run-1/tasks/a/why").json()["why"] == [
            "it waits for a worker with the labels gpu, ssd, and none lives; "
            "start one: flow worker --label gpu --label ssd"
        ]
        (note, other) = [row.note for row in run_view(store, logs_of(state), "run-1").rows]
        assert (note, other) == ("waits for a worker with the labels gpu, ssd, and none lives", "")
        store.leases.beat("w9", BOTH)
        assert told() == ["a worker with the labels gpu, ssd", None]
        assert client.get("/api/v1/runs/run-1/tasks/a/why").json()["why"] == [
            "it could start, and waits for a slot of a worker with the labels gpu, ssd"
        ]
        assert client.get("/api/v1/workers").json() == {
            "workers": [{"worker": "w1", "labels": []}, {"worker": "w9", "labels": ["gpu", "ssd"]}]
        }

"""Who lives is told by heartbeats, by the clock of the server."""

from contextlib import closing

import psycopg
from flow_engine.model import Completion, Lost
from flow_engine.stores.postgres import PostgresStore
from support.plans import plan, task
from support.world import World


def let_run_out(url: str, worker: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE flow.worker SET heartbeat_at = now() - interval '1 minute' WHERE incarnation = %s", (worker,)
        )


def test_a_worker_without_a_heartbeat_is_dead_and_its_run_is_taken_over(url: str) -> None:
    with closing(PostgresStore(url)) as one, closing(PostgresStore(url)) as two:
        one.leases.beat("w1")
        world = World(one)
        world.start(plan(task("a")))
        world.tick()
        late = world.end("a")
        assert two.unowned(9) == []
        assert two.adopt("w2", "run-1", world.now) is None
        let_run_out(url, "w1")
        assert two.unowned(9) == ["run-1"]
        two.leases.beat("w2")
        adopted = two.adopt("w2", "run-1", world.now)
        assert adopted is not None
        assert [(found.attempt, found.worker) for found in adopted.in_flight] == [(1, "w1")]
        one.leases.beat("w1")  # it was only late: it lives, and the run is another's
        assert world.tick(late).refused == [late.task]
        heir = World(two, "w2")
        heir.plans = world.plans
        heir.tick(Completion(late.task, 1, "w1", Lost("gone")))
        assert [claim.attempt for claim in heir.claims.values()] == [2]


def test_a_worker_that_ends_is_dead_at_once(url: str) -> None:
    with closing(PostgresStore(url)) as store:
        assert store.leases.living({"w1"}) == set()
        store.leases.beat("w1")
        assert store.leases.living({"w1", "w2"}) == {"w1"}
        World(store).start(plan(task("a")))
        store.leases.end("w1")
        assert store.leases.living({"w1"}) == set()
        assert store.unowned(9) == ["run-1"]

"""The connection is lost while a COMMIT is under way: what was done is done once, and whoever did it is told so."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from flow_engine.deployments import Deployment
from flow_engine.model import Awaits, NewRun, Signal, Suspended
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.postgres import PostgresStore
from flow_lang.bundle import bundle_hash, bundle_of
from support.plans import digest, plan, task
from support.postgres import PostgresServer
from support.proxy import WAYS, Proxy
from support.world import World

PLAN = plan(task("a"), task("b", "a"))


@pytest.fixture
def proxy(server: PostgresServer) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    assert proxy.broken == 1
    proxy.close()


@pytest.fixture
def far(proxy: Proxy, server: PostgresServer, url: str) -> Iterator[PostgresStore]:
    """A store behind that network."""
    with closing(PostgresStore(url.replace(str(server.port), str(proxy.port)), lambda worker: True)) as store:
        yield store


@pytest.mark.parametrize("way", WAYS)
def test_a_run_is_submitted_once(way: str, proxy: Proxy, far: PostgresStore) -> None:
    world = World(far)
    proxy.fail(way)
    world.submit(PLAN)
    assert [record.id for record in far.runs(RunFilter())] == ["run-1"]
    assert len(far.tasks("run-1")) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_signal_is_sent_once(way: str, proxy: Proxy, far: PostgresStore) -> None:
    World(far).submit(PLAN)
    proxy.fail(way)
    far.send("run-1", Signal("event", "x", "1", 5.0))
    assert len(far.signals("run-1")) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_tick_is_done_once_and_its_worker_goes_on(way: str, proxy: Proxy, far: PostgresStore) -> None:
    world = World(far)
    world.start(PLAN)
    proxy.fail(way)
    assert [claim.attempt for claim in world.tick().claims] == [1]
    assert world.run_all() == ["a", "b"]
    world.finish()
    assert far.run("run-1").state == "succeeded"
    assert [attempt.attempt for attempt in far.attempts("run-1", 0)] == [1]


@pytest.mark.parametrize("way", WAYS)
def test_a_completion_is_accepted_once(way: str, proxy: Proxy, far: PostgresStore) -> None:
    world = World(far)
    world.start(PLAN)
    world.tick()
    proxy.fail(way)
    tick = world.tick(world.end("a"))
    assert tick.refused == []
    assert [world.key(claim) for claim in tick.claims] == ["b"]
    assert world.row("b").attempt == 1
    assert len(far.events("run-1", 0)) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_run_is_taken_over_and_ended_once(way: str, proxy: Proxy, far: PostgresStore) -> None:
    world = World(far)
    world.submit(PLAN)
    proxy.fail(way)
    adopted = far.adopt("w1", "run-1", world.now)
    assert adopted is not None
    world.hints += adopted.ready
    world.run_all()
    world.finish()
    assert far.run("run-1").owner is None


@pytest.mark.parametrize("way", WAYS)
def test_the_end_of_a_run_is_told_once(way: str, proxy: Proxy, far: PostgresStore) -> None:
    world = World(far)
    world.start(PLAN)
    world.run_all()
    proxy.fail(way)
    world.finish()
    ends = [event.changes for event in far.events("run-1", 0) if event.changes == [["run", "succeeded"]]]
    assert len(ends) == 1


@pytest.mark.parametrize("way", WAYS)
def test_an_instant_fires_once(way: str, proxy: Proxy, far: PostgresStore) -> None:
    bundle = bundle_of(PLAN)
    far.deploy(Deployment("w", bundle_hash(bundle), bundle, "/tmp", '{"cron": "* * * * *"}', 1000.0))
    world = World(far)
    world.plans["run-1"] = PLAN
    proxy.fail(way)
    fired = far.fire("w", 1060.0, NewRun("run-1", bundle_hash(bundle), PLAN, bundle, {}, "/tmp", 1060.0))
    assert fired == ("run-1", True)
    assert far.schedule("w").last_fired_at == 1060.0
    assert len(far.runs(RunFilter())) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_child_run_begins_where_the_server_goes_away_when_it_is_numbered(
    way: str, server: PostgresServer, url: str
) -> None:
    """What the tick had come to was lost, and in the second attempt it seemed to be done: its run waited for ever."""
    inner = plan(task("t"), name="inner")
    asked = b'{"' + digest(inner).encode() + b'"}'  # whether its plan is known comes with its number
    with (
        closing(Proxy(server.port, re.escape(asked))) as proxy,
        closing(PostgresStore(url.replace(str(server.port), str(proxy.port)), lambda worker: True)) as store,
    ):
        world = World(store)
        world.start(plan(task("a"), task("b")))
        world.tick()
        ref = world.claims["a"].task
        child = NewRun("run-1a", digest(inner), inner, bundle_of(inner), {}, "/tmp", world.now, owner="w1", parent=ref)
        proxy.fail(way)
        ends = [world.end("a", Suspended(Awaits("child", "run-1a", "inner", None), child)), world.end("b")]
        tick = world.tick(*ends)
        assert (tick.refused, [child.id for child in tick.begun]) == ([], ["run-1a"])
        assert store.children("run-1") == ["run-1a"]
        assert world.states() == {"a": "waiting", "b": "succeeded"}
        assert store.adopt("w1", "run-1a", world.now) is not None
        assert proxy.broken == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_tick_is_done_where_the_server_goes_away_and_one_of_its_runs_was_another_s(
    way: str, proxy: Proxy, far: PostgresStore, url: str
) -> None:
    """What others hold was counted behind fewer gates the second time, and the worker gave up all its runs."""
    world = World(far)
    world.start(plan(task("a"), task("b", "a")), "run-1")
    world.start(plan(task("l"), name="limited", concurrency=3), "run-2")
    world.tick()
    with closing(PostgresStore(url, lambda worker: worker != "w1")) as other:
        assert other.adopt("w2", "run-2", world.now) is not None
    proxy.fail(way)
    lost = world.claims["l"].task
    tick = world.tick(world.end("a"), world.end("l"))
    assert tick.refused == [lost]
    assert [world.key(claim) for claim in tick.claims] == ["b"]


@pytest.mark.parametrize("way", WAYS)
def test_what_was_held_back_is_not_forgotten_where_a_run_is_lost_while_the_server_is_away(
    way: str, proxy: Proxy, far: PostgresStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tick that was refused had claimed behind a gate nobody claimed any more."""
    world = World(far)
    far.set_pool("p", 1)
    world.start(plan(task("a")), "run-1")
    world.start(plan(task("x", pool="p")), "run-2")
    world.tick()
    world.start(plan(task("y", pool="p")), "run-3")
    assert not world.tick().claims
    come_back = far._session._come_back

    def come_back_late(error: Exception, deadline: float) -> None:
        come_back(error, deadline)  # type: ignore[arg-type]
        with closing(PostgresStore(url, lambda worker: worker != "w1")) as other:
            other.adopt("w2", "run-1", world.now)

    monkeypatch.setattr(far._session, "_come_back", come_back_late)
    proxy.fail(way)
    ends = [world.end("x"), world.end("a")]
    world.tick(*ends)
    world.tick()
    assert [*world.claims] == ["y"]

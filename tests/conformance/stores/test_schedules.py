"""Schedules that are kept, and instants that fire once."""

from collections.abc import Callable

import pytest
from flow_engine import states
from flow_engine.deployments import Deployment
from flow_engine.errors import UnknownPool, UnknownSchedule, UnknownWorkflow
from flow_engine.model import NewRun, RunEnd
from flow_engine.schedules import BACKFILL, firing_key
from flow_engine.stores.contract import RunFilter, Store
from flow_lang.bundle import bundle_of
from flow_lang.plan import Plan
from support.plans import digest, plan, task
from support.world import World

DAILY = '{"cron": "0 2 * * *", "tz": "UTC"}'
MADE = plan(task("a"), name="nightly")
FIRST = 1_764_000_000.0


def deployment(
    made: Plan = MADE, spec: str | None = DAILY, now: float = 1000.0, namespace: str = "default"
) -> Deployment:
    return Deployment(made.entry, digest(made), bundle_of(made), "/tmp", spec, now, namespace)


def new(run: str, made: Plan = MADE, **params: object) -> NewRun:
    return NewRun(run, digest(made), made, bundle_of(made), params, "/tmp", FIRST)


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    store = open_store()
    store.deploy(deployment())
    return store


def ids(store: Store) -> list[str]:
    return sorted(record.id for record in store.runs(RunFilter()))


def test_what_is_deployed_is_kept_with_its_plan(store: Store, open_store: Callable[[], Store]) -> None:
    again = open_store()
    record = again.schedule("nightly")
    assert again.schedules() == [record]
    assert (record.spec, record.folder, record.since, record.created_at) == (DAILY, "/tmp", 1000.0, 1000.0)
    assert again.plan(record.plan_hash, record.workflow) == MADE
    assert again.bundle(record.plan_hash) == bundle_of(MADE)


def test_schedules_of_two_namespaces_do_not_meet(store: Store) -> None:
    store.deploy(deployment(namespace="other"))
    assert [record.id for record in store.schedules()] == ["nightly"]
    assert [record.id for record in store.schedules("other")] == ["other/nightly"]
    fired = store.fire("other/nightly", FIRST, new("run-1"))
    assert fired is not None
    assert store.run("run-1").namespace == "other"
    assert store.scheduled_runs("nightly") == []
    assert store.scheduled_runs("other/nightly") == ["run-1"]


def test_a_new_deployment_owes_what_the_old_one_did_unless_its_instants_are_others(store: Store) -> None:
    edited = plan(task("a"), task("b"), name="nightly")
    store.pause_schedule("nightly", 1500.0)
    record = store.deploy(deployment(edited, '{"cron": "0 2 * * *", "overlap": "queue"}', now=2000.0)).schedule
    assert record is not None
    assert (record.since, record.plan_hash, record.paused_at) == (1000.0, digest(edited), 1500.0)
    record = store.deploy(deployment(edited, '{"cron": "0 3 * * *", "tz": "UTC"}', now=3000.0)).schedule
    assert record is not None
    assert (record.since, record.created_at) == (3000.0, 1000.0)
    assert store.schedule("nightly") == record


def test_an_instant_fires_once(store: Store, open_store: Callable[[], Store]) -> None:
    other = open_store()
    first = store.fire("nightly", FIRST, new("run-1", day="2026"))
    second = other.fire("nightly", FIRST, new("run-2", day="2027"))
    assert first == ("run-1", True)
    assert second == ("run-1", False)
    assert ids(store) == ["run-1"]
    record = other.schedule("nightly")
    assert (record.since, record.last_fired_at) == (FIRST, FIRST)
    assert firing_key("nightly", FIRST) == "schedule:nightly:2025-11-24T16:00:00Z"


def test_an_instant_that_somebody_left_out_is_not_fired_by_another(store: Store) -> None:
    assert store.leave_out("nightly", FIRST, hold=False)
    assert not store.leave_out("nightly", FIRST, hold=True)
    assert store.fire("nightly", FIRST, new("run-1")) is None
    assert (store.schedule("nightly").since, store.schedule("nightly").last_fired_at) == (FIRST, None)
    assert ids(store) == []


def test_a_held_instant_is_fired_later(store: Store) -> None:
    store.leave_out("nightly", FIRST, hold=True)
    store.leave_out("nightly", FIRST + 60, hold=True)
    assert store.schedule("nightly").held == (FIRST, FIRST + 60)
    assert store.fire("nightly", FIRST, new("run-1")) == ("run-1", True)
    assert store.schedule("nightly").held == (FIRST + 60,)
    assert store.schedule("nightly").since == FIRST + 60


def test_a_paused_schedule_and_another_plan_fire_nothing(store: Store) -> None:
    assert store.pause_schedule("nightly", 2000.0)
    assert not store.pause_schedule("nightly", 2001.0)
    assert store.fire("nightly", FIRST, new("run-1")) is None
    assert not store.leave_out("nightly", FIRST, hold=True)
    assert store.resume_schedule("nightly", FIRST + 10)
    assert not store.resume_schedule("nightly", FIRST + 11)
    assert store.schedule("nightly").since == FIRST + 10
    assert store.fire("nightly", FIRST + 60, new("run-2", plan(task("b"), name="nightly"))) is None
    assert ids(store) == []


def test_a_firing_that_fails_leaves_nothing(store: Store) -> None:
    needy = plan(task("a", pool="api"), name="nightly")
    store.deploy(deployment(needy))
    with pytest.raises(UnknownPool, match="no pool 'api'"):
        store.fire("nightly", FIRST, new("run-1", needy))
    assert store.schedule("nightly").since == 1000.0
    assert ids(store) == []
    store.set_pool("api", 1)
    assert store.fire("nightly", FIRST, new("run-1", needy)) == ("run-1", True)


def test_a_backfill_decides_nothing_for_the_clock(store: Store) -> None:
    store.fire("nightly", FIRST, new("run-1"))
    store.pause_schedule("nightly", 2000.0)
    assert store.fire("nightly", FIRST - 60, new("run-2"), backfill=True) == ("run-2", True)
    assert store.fire("nightly", FIRST, new("run-3"), backfill=True) == ("run-1", False)
    assert store.run("run-2").labels == (BACKFILL,)
    assert store.scheduled_runs("nightly") == ["run-1"]
    assert store.schedule("nightly").last_fired_at == FIRST


def test_ended_runs_are_no_longer_the_schedules(store: Store) -> None:
    world = World(store)
    store.fire("nightly", FIRST, new("run-1"))
    adopted = store.adopt("w1", "run-1", world.now)
    assert adopted is not None
    world.hints += adopted.ready
    assert store.scheduled_runs("nightly") == ["run-1"]
    world.tick(cancels=["run-1"])
    store.finish("w1", world.now, [RunEnd("run-1", None, None)])
    assert store.run("run-1").state == states.CANCELLED
    assert store.scheduled_runs("nightly") == []


def test_a_run_that_the_schedule_did_not_start_is_not_its(store: Store) -> None:
    store.submit(new("run-1"))
    store.submit(new("run-2")._replace(idempotency_key="schedule:nightly2:x"))
    assert store.scheduled_runs("nightly") == []


def test_a_removed_schedule_is_unknown_and_its_runs_stay(store: Store) -> None:
    store.fire("nightly", FIRST, new("run-1"))
    store.remove_schedule("nightly")
    assert ids(store) == ["run-1"]
    asks: list[Callable[[], object]] = [
        lambda: store.schedule("nightly"),
        lambda: store.remove_schedule("nightly"),
        lambda: store.pause_schedule("nightly", 1.0),
        lambda: store.resume_schedule("nightly", 1.0),
        lambda: store.leave_out("nightly", FIRST, hold=True),
        lambda: store.fire("nightly", FIRST, new("run-2")),
        lambda: store.scheduled_runs("nightly"),
    ]
    for ask in asks:
        with pytest.raises(UnknownSchedule, match="flow schedule list"):
            ask()


def test_a_plan_is_kept_even_if_the_first_submission_of_it_failed(open_store: Callable[[], Store]) -> None:
    store, needy = open_store(), plan(task("a", pool="api"))
    with pytest.raises(UnknownPool):
        store.submit(new("run-1", needy))
    store.set_pool("api", 1)
    store.submit(new("run-2", needy))
    assert store.bundle(digest(needy)) == bundle_of(needy)


def test_each_change_of_a_deployed_workflow_is_a_version(store: Store, open_store: Callable[[], Store]) -> None:
    other, edited = open_store(), plan(task("a"), task("b"), name="nightly")
    first = store.versions("nightly", 9)[0]
    assert (first.number, first.plan_hash, first.deployed_at) == (1, digest(MADE), 1000.0)
    assert other.deploy(deployment(now=1500.0)).version == first  # nothing has changed
    second = other.deploy(deployment(edited, now=2000.0)).version
    assert (second.number, second.plan_hash, second.deployed_at) == (2, digest(edited), 2000.0)
    assert store.deploy(deployment(now=3000.0)).version.number == 3  # back to the first plan
    assert [one.number for one in other.versions("nightly", 2)] == [3, 2]
    assert [one.number for one in other.workflows()] == [3]
    assert store.access.namespaces() == ["default"]


def test_a_version_without_a_schedule_ends_the_schedule(store: Store, open_store: Callable[[], Store]) -> None:
    deployed = store.deploy(deployment(spec=None, now=2000.0))
    assert deployed.schedule is None
    assert (store.schedules(), [one.workflow for one in open_store().workflows()]) == ([], ["nightly"])
    again = store.deploy(deployment(now=3000.0)).schedule
    assert again is not None
    assert (again.since, again.created_at) == (3000.0, 3000.0)


def test_a_workflow_that_is_removed_takes_its_schedule_along(store: Store, open_store: Callable[[], Store]) -> None:
    store.deploy(deployment(namespace="other", spec=None))
    assert store.access.namespaces() == ["default", "other"]
    store.remove_workflow("other/nightly")
    assert [one.id for one in store.workflows()] == ["nightly"]
    store.remove_workflow("nightly")
    assert (store.workflows(), open_store().schedules()) == ([], [])
    for call in (lambda: store.versions("nightly", 1), lambda: store.remove_workflow("nightly")):
        with pytest.raises(UnknownWorkflow, match="flow deploy"):
            call()

import pytest
from flow_engine import states
from flow_engine.errors import IdempotencyConflict, UnknownRun
from flow_engine.model import NewRun
from flow_engine.stores.contract import RunFilter
from flow_lang.bundle import bundle_of
from flow_lang.plan import Plan
from support.plans import digest, plan, task
from support.world import World


def test_a_submitted_run_is_queued_with_its_tasks(world: World) -> None:
    world.submit(plan(task("a"), task("b", "a")))
    assert world.store.run("run-1").state == states.QUEUED
    assert world.states() == {"a": states.READY, "b": states.BLOCKED}


def test_the_same_key_and_payload_give_the_first_run(world: World) -> None:
    made = plan(task("a"))
    assert world.submit(made, "run-1", idempotency_key="k") == "run-1"
    assert world.submit(made, "run-2", idempotency_key="k") == "run-1"
    assert [record.id for record in world.store.runs(RunFilter())] == ["run-1"]


def test_the_same_key_with_another_payload_is_a_conflict(world: World) -> None:
    world.submit(plan(task("a")), "run-1", idempotency_key="k")
    with pytest.raises(IdempotencyConflict, match="run-1"):
        world.submit(plan(task("b")), "run-2", idempotency_key="k")


def test_runs_that_are_submitted_together_are_kept_together_or_not_at_all(world: World) -> None:
    one, other = plan(task("a")), plan(task("b"))

    def new(run: str, made: Plan, key: str | None = None) -> NewRun:
        return NewRun(run, digest(made), made, bundle_of(made), {}, "/tmp", world.now, idempotency_key=key)

    submitted = world.store.submit_all([new("run-1", one), new("run-2", other, "k"), new("run-3", other, "k")])
    assert [(kept.run, kept.created) for kept in submitted] == [("run-1", True), ("run-2", True), ("run-2", False)]
    with pytest.raises(IdempotencyConflict, match="run-2"):
        world.store.submit_all([new("run-4", one), new("run-5", one, "k")])
    assert [record.id for record in world.store.runs(RunFilter())] == ["run-2", "run-1"]
    adopted = world.store.adopt("w1", "run-1", world.now)
    assert adopted is not None
    assert len(adopted.ready) == 1


def test_keys_of_two_namespaces_do_not_meet(world: World) -> None:
    made = plan(task("a"))
    world.submit(made, "run-1", idempotency_key="k", namespace="one")
    assert world.submit(made, "run-2", idempotency_key="k", namespace="two") == "run-2"


def test_a_run_is_found_by_its_key_in_its_namespace(world: World) -> None:
    world.submit(plan(task("a")), "run-1", idempotency_key="k", namespace="one")
    found = [world.store.run_of_key("k", "one"), world.store.run_of_key("k", "two"), world.store.run_of_key("j", "one")]
    assert found == ["run-1", None, None]
    assert world.store.run_of_key("k") is None


def test_a_run_is_found_by_the_start_of_its_id(world: World) -> None:
    world.submit(plan(task("a")), "abc-1")
    assert world.store.run("abc").id == "abc-1"
    with pytest.raises(UnknownRun, match="xyz"):
        world.store.run("xyz")


def test_runs_come_newest_first_in_stable_pages(world: World) -> None:
    for number in range(5):
        world.submit(plan(task("a")), f"run-{number}")
    first = world.store.runs(RunFilter(limit=2))
    second = world.store.runs(RunFilter(limit=2, before=first[-1].id))
    assert [record.id for record in first + second] == ["run-4", "run-3", "run-2", "run-1"]


def test_runs_are_filtered(world: World) -> None:
    world.submit(plan(task("a"), name="one"), "run-1")
    world.submit(plan(task("a"), name="two"), "run-2")
    assert [record.id for record in world.store.runs(RunFilter(workflow="one"))] == ["run-1"]
    assert world.store.runs(RunFilter(state=states.FAILED)) == []
    assert world.store.runs(RunFilter(namespace="other")) == []


def test_a_workflow_of_an_imported_file_is_found_by_both_of_its_names(world: World) -> None:
    for number, name in enumerate(["check", "lib/a.flow:check", "b.flow:check", "recheck", "lib/a.flow:recheck"]):
        world.submit(plan(task("a"), name=name), f"run-{number}")

    def found(workflow: str) -> list[str]:
        return [record.id for record in world.store.runs(RunFilter(workflow=workflow))]

    assert found("check") == ["run-2", "run-1", "run-0"]
    assert found("lib/a.flow:check") == ["run-1"]
    assert found("heck") == []


def test_a_workflow_without_tasks_is_a_run_too(world: World) -> None:
    """It ended the command with an IndexError."""
    world.submit(plan())
    assert world.store.tasks("run-1") == []
    adopted = world.store.adopt("w1", "run-1", world.now)
    assert adopted is not None
    world.finish(result="[1, 2, 3]")
    assert world.store.run("run-1").state == "succeeded"

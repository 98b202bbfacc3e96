"""Large workflows: there is no object that all of a run must fit into."""

from flow_engine.model import Expanded
from flow_engine.stores.contract import RunFilter
from support.plans import each, plan, task, value_task

from failures_of_others.conftest import Workers

MANY = 20_000


def test_temporal_1069_a_long_loop_has_no_history_to_run_into(workers: Workers) -> None:
    """There a loop in a language built upon it ended the workflow at 51,200 events. Here 20,000 instances make 60,000 changes."""
    world = workers.worker()
    world.start(plan(task("a"), each("loop", "a"), value_task("last", "loop")))
    world.tick()
    world.tick(world.end("a"))
    tick = world.tick(world.end("loop", Expanded(MANY, [str(n) for n in range(MANY)])), want=MANY)
    claims = len(tick.claims)
    while world.claims and "last" not in world.claims:
        claims += len(world.tick(*(world.end(key) for key in list(world.claims)), want=MANY).claims)
    world.tick(world.end("last"))
    world.finish()
    assert claims == MANY + 1
    assert world.store.run("run-1").state == "succeeded"
    assert len(world.store.tasks("run-1")) == MANY + 3


def test_argo_13783_1186_a_workflow_of_more_than_a_megabyte_is_kept_listed_and_taken_over(workers: Workers) -> None:
    """There a workflow of more than 1 MiB could not be written, and one large one in a list failed the list."""
    text = "x" * 2000
    tasks = [task("t0")] + [task(f"t{n}", f"t{n - 1}")._replace(inputs=()) for n in range(1, 1500)]
    made = plan(*tasks)._replace(sources={"w.flow": text * 1500})
    world = workers.worker()
    world.start(made)
    assert len(world.store.bundle(world.store.run("run-1").plan_hash)) > 3_000_000
    assert [run.id for run in world.store.runs(RunFilter())] == ["run-1"]
    for number in range(5):
        world.tick()
        world.tick(world.end(f"t{number}"), want=0)
    workers.dead.add("w1")
    other = workers.worker("w2")
    adopted = other.store.adopt("w2", "run-1", other.now)
    assert adopted is not None
    assert [hint.task.seq for hint in adopted.ready] == [5]
    assert adopted.plan.workflow.tasks == made.workflow.tasks

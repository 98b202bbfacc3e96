"""Large workflows: there is no object that all of a run must fit into."""

from flow_engine.decisions.books import Report
from flow_engine.decisions.rows import Rows
from flow_engine.model import Expanded, Succeeded
from flow_engine.stores.contract import RunFilter
from flow_lang.plan import Retry
from support.plans import each, plan, task, value_task
from support.world import broken

from failures_of_others.conftest import Workers

MANY = 20_000


def test_temporal_1069_a_long_loop_has_no_history_to_run_into(workers: Workers) -> None:
    """There a loop that looked every ten seconds whether there was something to do was ended at its event 51,201. Here 20,000 instances make
    60,000 changes."""
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


def test_temporal_1069_a_poll_every_ten_seconds_may_last_as_long_as_its_retries(workers: Workers) -> None:
    """The loop itself, as it is written here: attempts that fail until it is there, as many as the language lets a task have."""
    most = 1000
    world = workers.worker()
    world.start(plan(task("poll", retry=Retry(most, 10.0, 1.0, 10.0)), task("after", "poll")))
    for _ in range(most):
        world.tick()
        world.tick(world.end("poll", broken()), want=0)
        world.now += 10.0
    world.tick()
    world.tick(world.end("poll"))
    assert world.row("poll").attempt == most + 1
    world.tick(world.end("after"))
    world.finish()
    assert world.store.run("run-1").state == "succeeded"
    assert [one.attempt for one in world.store.attempts("run-1", 0)] == list(range(1, most + 2))


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


def test_argo_1186_a_thousand_sub_jobs_with_parameters_are_kept_and_taken_over(workers: Workers) -> None:
    """There 500 of them, each with parameters of its own, made the status too large for its store, and the workflow ended as an error."""
    jobs, parameters = 1000, "p" * 3000
    world = workers.worker()
    world.start(plan(task("a"), each("sub", "a"), each("cpu", "sub", aligned=True), each("gpu", "sub", aligned=True)))
    world.tick()
    world.tick(world.end("a"))
    world.tick(world.end("sub", Expanded(jobs, [f'"{n} {parameters}"' for n in range(jobs)])), want=jobs)
    while any(claim.expands for claim in world.claims.values()):
        ends = [world.end(key, Expanded(jobs, None)) for key, claim in list(world.claims.items()) if claim.expands]
        world.tick(*ends, want=jobs)
    for key in [key for key in world.claims if key.startswith("sub[")][: jobs // 2]:
        world.tick(world.end(key, Succeeded(f'"{parameters}"')), want=0)
    workers.dead.add("w1")
    other = workers.worker("w2")
    adopted = other.store.adopt("w2", "run-1", other.now)
    assert adopted is not None
    rows = other.store.tasks("run-1", values=True)
    assert len(rows) == 4 + 3 * jobs
    assert sum(len(row.item or "") + len(row.result or "") for row in rows) > 4_000_000
    assert [run.id for run in other.store.runs(RunFilter())] == ["run-1"]


def test_argo_13783_a_hundred_thousand_tasks_are_kept_and_taken_over(workers: Workers) -> None:
    """There 1,000 times 100 steps did not fit in one object: a name and a flag for each were too much."""
    many = 100_000
    world = workers.worker()
    world.start(plan(task("a"), each("step", "a"), value_task("last", "step")))
    world.tick()
    world.tick(world.end("a"))
    world.tick(world.end("step", Expanded(many, [str(n) for n in range(many)])), want=0)
    for _ in range(many // Rows.CHUNK):  # the instances are made some at a time
        world.store.tick("w1", world.now, Report((), (), (), (), ()), [], 0)
    workers.dead.add("w1")
    other = workers.worker("w2")
    adopted = other.store.adopt("w2", "run-1", other.now)
    assert adopted is not None
    assert len(adopted.ready) == many
    assert len(other.store.tasks("run-1")) == many + 3
    assert [run.id for run in other.store.runs(RunFilter())] == ["run-1"]

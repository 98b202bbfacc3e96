from flow_engine.decisions.restore import restore
from flow_engine.decisions.reuse import reuse
from flow_engine.decisions.shape import shape_of
from flow_engine.model import unclaimed
from flow_lang.plan import Clause, Need, Workflow
from flow_lang.types import STR
from support.plans import NOOP, each, handler, undo, value_task


def test_an_instance_is_not_taken_over_when_something_else_that_it_uses_runs_again() -> None:
    """Its aligned parent is taken over whole, and the other one has other code."""
    both = each("both", "many", aligned=True)
    both = both._replace(needs=(*both.needs, Need("other", "value")))
    old = Workflow("w", (), (value_task("xs"), each("many", "xs"), value_task("other"), both))
    new = old._replace(tasks=(*old.tasks[:2], old.tasks[2]._replace(body=NOOP._replace(parts=("false",))), both))
    rows = [
        unclaimed(node, node, None, "succeeded", 1, 1 if task.loop else None) for node, task in enumerate(old.tasks)
    ]
    rows += [unclaimed(4, 1, 0, "succeeded", 1), unclaimed(5, 3, 0, "succeeded", 1)]
    found = reuse(old, rows, new, lambda was, is_: was.body == is_.body, [])
    assert found.reasons == {"xs": "", "many": "", "other": "its code changed", "both": "other runs again"}
    assert [row.state for row in found.rows] == ["succeeded", "succeeded", "blocked", "blocked", "succeeded"]


def test_of_an_aligned_pair_the_same_instances_run_again() -> None:
    tasks = (value_task("xs"), each("a", "xs"), each("b", "a", aligned=True))
    assert isinstance(tasks[2].loop[0], Clause)
    assert tasks[2].result == STR
    flow = Workflow("w", (), tasks)
    rows = [
        unclaimed(0, 0, None, "succeeded"),
        unclaimed(1, 1, None, "failed", 0, 2),
        unclaimed(2, 2, None, "failed", 0, 2),
    ]
    rows += [unclaimed(3, 1, 0, "succeeded"), unclaimed(4, 1, 1, "failed")]
    rows += [unclaimed(5, 2, 0, "succeeded"), unclaimed(6, 2, 1, "upstream_failed")]
    found = reuse(flow, rows, flow, lambda was, is_: True, [])
    assert found.reasons["b"] == "1 of its 2 instances run again"
    assert [row.state for row in found.rows][3:] == ["succeeded", "blocked", "succeeded", "blocked"]


def test_what_was_undone_runs_again() -> None:
    """The state of what was done still says succeeded."""
    tasks = (
        value_task("xs"),
        value_task("a", undo="a.undo"),
        each("many", "xs", undo="many.undo"),
    )
    flow = Workflow("w", (), (*tasks, undo(tasks[1]), undo(tasks[2])))
    rows = [
        unclaimed(0, 0, None, "succeeded"),
        unclaimed(1, 1, None, "succeeded"),
        unclaimed(2, 2, None, "succeeded", 0, 2),
        unclaimed(3, 3, None, "succeeded"),
        unclaimed(4, 4, None, "failed", 0, 2),
        *(unclaimed(5 + place, 2, place, "succeeded") for place in range(2)),
        unclaimed(7, 4, 0, "failed"),
        unclaimed(8, 4, 1, "skipped"),
    ]
    found = reuse(flow, rows, flow, lambda was, is_: True, [])
    assert (found.reasons["xs"], found.reasons["a"]) == ("", "it was undone")
    assert found.reasons["many"] == "1 of its 2 instances run again"


def test_a_run_that_takes_over_all_of_its_main_part_undoes_nothing_and_tells_of_no_failure() -> None:
    """The earlier run had failed in `finally`, which was edited."""
    done = value_task("a", undo="a.undo")
    flow = Workflow("w", (), (done, undo(done), handler("tell", "failure"), handler("tidy", "finally")))
    rows = [
        unclaimed(node, node, None, state) for node, state in enumerate(("succeeded", "skipped", "skipped", "failed"))
    ]
    found = reuse(flow, rows, flow, lambda was, is_: True, [])
    graph = restore("run-2", shape_of(flow), found.rows, "", 1000.0)
    assert graph.state == ["succeeded", "skipped", "skipped", "ready"]

from flow_engine.decisions.critical_path import critical_path
from flow_engine.model import TaskRecord
from support.plans import each, plan, task, value_task


def row(
    seq: int, node: int, start: float | None, end: float | None, place: int | None = None, size: int | None = None
) -> TaskRecord:
    return TaskRecord(
        seq, node, place, "succeeded", 1, 0, 0, None, None, None, start, end, None, None, None, None, size
    )


def test_the_path_follows_the_parent_that_ended_last() -> None:
    made = plan(task("a"), task("b"), task("c", "a", "b"), task("d"))
    rows = [row(0, 0, 0.0, 5.0), row(1, 1, 0.0, 2.0), row(2, 2, 6.0, 9.0), row(3, 3, 0.0, 1.0)]
    steps = critical_path(made.workflow, rows)
    assert [(step.row.node, step.waited, step.took) for step in steps] == [(0, 0.0, 5.0), (2, 1.0, 3.0)]


def test_an_element_edge_leads_to_its_own_instance_and_a_gather_to_the_last() -> None:
    made = plan(value_task("a"), each("b", "a"), each("c", "b", aligned=True), value_task("d", "c"))
    rows = [row(0, 0, 0.0, 1.0), row(1, 1, None, 9.0, size=2), row(2, 2, None, 9.0, size=2), row(3, 3, 8.0, 9.0)]
    rows += [row(4, 1, 1.0, 7.0, 0), row(5, 1, 1.0, 2.0, 1), row(6, 2, 7.0, 7.5, 0), row(7, 2, 2.0, 8.0, 1)]
    steps = critical_path(made.workflow, rows)
    assert [(step.row.node, step.row.place) for step in steps] == [(0, None), (1, 1), (2, 1), (3, None)]


def test_nothing_ran() -> None:
    assert critical_path(plan(task("a")).workflow, [row(0, 0, None, None)]) == []

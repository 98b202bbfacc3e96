import random

from flow_engine.decisions.critical_path import Timeline
from flow_engine.model import TaskRecord
from flow_lang.plan import Plan
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
    steps = Timeline(made.workflow, rows).path()
    assert [(step.row.node, step.waited, step.took) for step in steps] == [(0, 0.0, 5.0), (2, 1.0, 3.0)]


def test_an_element_edge_leads_to_its_own_instance_and_a_gather_to_the_last() -> None:
    made = plan(value_task("a"), each("b", "a"), each("c", "b", aligned=True), value_task("d", "c"))
    rows = [row(0, 0, 0.0, 1.0), row(1, 1, None, 9.0, size=2), row(2, 2, None, 9.0, size=2), row(3, 3, 8.0, 9.0)]
    rows += [row(4, 1, 1.0, 7.0, 0), row(5, 1, 1.0, 2.0, 1), row(6, 2, 7.0, 7.5, 0), row(7, 2, 2.0, 8.0, 1)]
    steps = Timeline(made.workflow, rows).path()
    assert [(step.row.node, step.row.place) for step in steps] == [(0, None), (1, 1), (2, 1), (3, None)]


def test_nothing_ran() -> None:
    assert Timeline(plan(task("a")).workflow, [row(0, 0, None, None)]).path() == []


def slacks(made: Plan, rows: list[TaskRecord], now: float | None = None) -> dict[int, float]:
    return Timeline(made.workflow, rows, now=now).slacks()


def test_slack_is_how_much_later_a_task_could_have_ended() -> None:
    made = plan(task("a"), task("b"), task("c", "a", "b"), task("d"), task("e", "d"))
    rows = [row(0, 0, 0.0, 5.0), row(1, 1, 0.0, 2.0), row(2, 2, 6.0, 9.0), row(3, 3, 0.0, 1.0), row(4, 4, 3.0, 4.0)]
    assert slacks(made, rows) == {0: 0.0, 1: 3.0, 2: 0.0, 3: 5.0, 4: 5.0}


def test_what_a_task_waited_for_a_slot_is_no_slack_of_the_task_before() -> None:
    made = plan(task("a"), task("b", "a"))
    assert slacks(made, [row(0, 0, 0.0, 1.0), row(1, 1, 9.0, 10.0)]) == {0: 0.0, 1: 0.0}


def test_the_slack_of_an_instance_goes_to_the_instance_after_it_and_to_the_gather() -> None:
    made = plan(value_task("a"), each("b", "a"), each("c", "b", aligned=True), value_task("d", "c"))
    rows = [row(0, 0, 0.0, 1.0), row(1, 1, None, 9.0, size=2), row(2, 2, None, 9.0, size=2), row(3, 3, 8.0, 9.0)]
    rows += [row(4, 1, 1.0, 7.0, 0), row(5, 1, 1.0, 2.0, 1), row(6, 2, 7.0, 7.5, 0), row(7, 2, 2.0, 8.0, 1)]
    assert slacks(made, rows) == {0: 0.0, 3: 0.0, 4: 0.5, 5: 0.0, 6: 0.5, 7: 0.0}


def test_a_skipped_task_hands_the_path_on_and_has_no_slack() -> None:
    made = plan(task("a"), task("b", "a"), task("c", "b"))
    rows = [row(0, 0, 0.0, 2.0), row(1, 1, None, 2.0)._replace(state="skipped"), row(2, 2, 2.0, 3.0)]
    assert [step.row.node for step in Timeline(made.workflow, rows).path()] == [0, 2]
    assert slacks(made, rows) == {0: 0.0, 2: 0.0}


def test_a_run_under_way_is_told_as_of_now_and_the_first_of_what_is_open_leads() -> None:
    made = plan(task("a"), task("b", "a"), task("c", "a"), task("d"), task("e", "b", "d"))
    rows = [row(0, 0, 0.0, 1.0), row(1, 1, 1.0, None), row(2, 2, 4.0, None), row(3, 3, 0.0, 2.0), row(4, 4, None, None)]
    rows = [one._replace(state="running") if one.finished_at is None else one for one in rows]
    rows[4] = rows[4]._replace(state="blocked")
    steps = Timeline(made.workflow, rows, now=10.0).path()
    assert [(step.row.node, step.took) for step in steps] == [(0, 1.0), (1, 9.0)]
    assert slacks(made, rows, 10.0) == {0: 0.0, 1: 0.0, 2: 0.0, 3: 8.0}


def test_what_ended_before_the_run_was_tried_again_takes_none_of_its_time() -> None:
    made = plan(task("a"), task("b", "a"), task("c"))
    rows = [row(0, 0, 0.0, 2.0), row(1, 1, 101.0, 104.0), row(2, 2, 0.0, 50.0)]
    found = Timeline(made.workflow, rows, 100.0)
    assert [(step.row.node, step.waited, step.took) for step in found.path()] == [(1, 1.0, 3.0)]
    assert found.slacks() == {1: 0.0}


def test_slack_is_what_a_run_can_bear() -> None:
    """Made graphs: a task that ends later by its slack leaves the end where it was, and one that ends later by more does not."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(200):
        needs = [chance.sample(range(n), min(n, chance.randrange(3))) for n in range(8)]
        took = [chance.randrange(1, 9) for _ in needs]
        made = plan(*(task(f"t{n}", *(f"t{parent}" for parent in parents)) for n, parents in enumerate(needs)))
        ends = ended(needs, took, {})
        rows = [row(n, n, end - took[n], end) for n, end in enumerate(ends)]
        for late, slack in slacks(made, rows).items():
            assert max(ended(needs, took, {late: slack})) == max(ends)
            assert max(ended(needs, took, {late: slack + 1})) == max(ends) + 1


def ended(needs: list[list[int]], took: list[int], later: dict[int, float]) -> list[float]:
    ends: list[float] = []
    for n, parents in enumerate(needs):
        ends.append(max((ends[parent] for parent in parents), default=0.0) + took[n] + later.get(n, 0.0))
    return ends

from flow_engine.decisions.rank import rank
from flow_engine.model import Hint, TaskRef
from flow_engine.queues.contract import Queue


def hint(seq: int, due: float = 0.0, priority: int = 0, run: str = "r") -> Hint:
    return Hint(due, rank(due, priority), TaskRef(run, seq))


def test_what_is_due_comes_in_the_order_of_rank(queue: Queue) -> None:
    queue.push([hint(1, due=5.0), hint(2, due=3.0), hint(3, due=5.0, priority=9)])
    assert [taken.task.seq for taken in queue.pop(10, now=5.0)] == [3, 2, 1]


def test_what_is_not_due_waits(queue: Queue) -> None:
    queue.push([hint(1, due=10.0, priority=9), hint(2, due=1.0)])
    assert [taken.task.seq for taken in queue.pop(10, now=9.9)] == [2]
    assert queue.next_due() == 10.0
    assert [taken.task.seq for taken in queue.pop(10, now=10.0)] == [1]
    assert queue.next_due() is None


def test_no_more_are_taken_than_asked_for(queue: Queue) -> None:
    queue.push(hint(seq) for seq in range(10))
    assert [taken.task.seq for taken in queue.pop(3, now=1.0)] == [0, 1, 2]
    assert len(queue.pop(100, now=1.0)) == 7


def test_age_overcomes_priority_so_that_nobody_starves(queue: Queue) -> None:
    queue.push([hint(1, due=0.0, priority=0), hint(2, due=500.0, priority=9)])
    assert [taken.task.seq for taken in queue.pop(10, now=500.0)] == [1, 2]


def test_a_dropped_run_leaves_nothing(queue: Queue) -> None:
    queue.push([hint(1), hint(2, run="other"), hint(3, due=99.0)])
    queue.drop({"r"})
    assert [taken.task.run for taken in queue.pop(10, now=100.0)] == ["other"]

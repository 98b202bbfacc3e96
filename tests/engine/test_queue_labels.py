"""The queue of one worker: what needs labels that it has not waits there for others, and is in nobody's way."""

import random

import pytest
from flow_engine.decisions.rank import rank
from flow_engine.model import Hint, TaskRef
from flow_engine.queues.memory import MemoryQueue


def hint(seq: int, *labels: str, due: float = 0.0, priority: int = 0, run: str = "r") -> Hint:
    return Hint(due, rank(due, priority), TaskRef(run, seq), labels=labels)


def seqs(hints: list[Hint]) -> list[int]:
    return [one.task.seq for one in hints]


def test_where_labels_do_not_count_all_is_its_own() -> None:
    queue = MemoryQueue()
    queue.push([hint(1, "gpu"), hint(2)])
    assert seqs(queue.pop(10, 1.0)) == [1, 2]


def test_a_worker_takes_what_it_has_the_labels_for_by_rank() -> None:
    queue = MemoryQueue({"gpu"})
    queue.push([hint(1), hint(2, "gpu", priority=9), hint(3, "gpu", "ssd", priority=9), hint(4, "ssd"), hint(5, "gpu")])
    assert seqs(queue.pop(2, 1.0)) == [2, 1]
    assert seqs(queue.pop(10, 1.0)) == [5]
    assert seqs(queue.pop(10, 1.0, ["ssd"])) == [4]
    assert seqs(queue.pop(10, 1.0, ["gpu", "ssd", "x"])) == [3]


def test_others_get_what_needs_nothing_too() -> None:
    queue = MemoryQueue(())
    queue.push([hint(1), hint(2, "gpu"), hint(3)])
    assert seqs(queue.pop(2, 1.0, ["gpu"])) == [1, 2]
    assert seqs(queue.pop(2, 1.0, [])) == [3]


def test_what_it_cannot_take_keeps_it_from_no_sleep() -> None:
    queue = MemoryQueue(())
    queue.push([hint(1, "gpu")])
    assert queue.next_due() is None
    assert queue.runs(1.0) == []
    queue.push([hint(2, due=7.0)])
    assert queue.next_due() == 7.0


def test_delays_and_a_clock_that_is_set_back() -> None:
    queue = MemoryQueue({"gpu"})
    queue.push([hint(1, "gpu", due=5.0), hint(2, "ssd", due=5.0), hint(3, due=6.0)])
    assert queue.pop(10, 4.0) == queue.pop(10, 4.0, ["ssd"]) == []
    assert queue.next_due() == 5.0
    assert seqs(queue.pop(0, 5.5)) == []
    assert queue.pop(10, 3.0) == queue.pop(10, 3.0, ["ssd"]) == []
    assert seqs(queue.pop(10, 6.0, ["ssd"])) == [2, 3]
    assert seqs(queue.pop(10, 6.0)) == [1]


def test_a_run_that_has_ended_leaves_nothing() -> None:
    queue = MemoryQueue({"gpu"})
    queue.push([hint(1, "gpu"), hint(2, "ssd", due=9.0), hint(3, run="other"), hint(4, "ssd", run="other")])
    queue.drop({"r"})
    assert queue.runs(1.0) == ["other"]
    assert seqs(queue.pop(10, 10.0, ["gpu", "ssd"])) == [3, 4]


@pytest.mark.parametrize("_", range(20))
def test_every_hint_is_taken_once_in_the_order_of_rank_by_one_that_may(_: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    names = ["a", "b", "c"]

    def some() -> list[str]:
        return sorted(draw.sample(names, draw.randint(0, 3)))

    own = some()
    queue = MemoryQueue(own)
    left = [hint(seq, *some(), due=draw.choice([0.0, 5.0, 9.0]), priority=draw.randint(0, 9)) for seq in range(40)]
    queue.push(left)
    now = 0.0
    for _step in range(60):
        now = max(now + draw.choice([0.0, 1.0, -2.0]), 0.0)
        labels, limit = draw.choice([None, some()]), draw.randint(0, 3)
        has = set(own if labels is None else labels)
        fit = sorted(
            (one for one in left if one.due <= now and has >= set(one.labels)), key=lambda one: (one.rank, one.task)
        )
        assert queue.pop(limit, now, labels) == fit[:limit]
        left = [one for one in left if one not in fit[:limit]]

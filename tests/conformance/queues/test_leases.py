"""Leases of a shared queue: a hint is in one worker's hands, and a worker that comes too late is refused by the fence."""

import time
from collections.abc import Callable

from conformance.conftest import Queues
from conformance.queues.test_queue import hint
from flow_engine.model import Hint, TaskRef

SHORT = 0.05
"""Seconds that a short lease lasts."""


def wait_for(found: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, f"not in {seconds:.0f} s"
        time.sleep(0.005)


def test_what_one_has_taken_another_does_not_get(queues: Queues) -> None:
    first, second = queues.shared(), queues.shared()
    first.push([hint(1), hint(2)])
    (lease,) = first.take(1)
    assert [other.hint.task.seq for other in second.take(10)] == [2]
    assert first.depth().leased == 2
    assert first.done([lease]) == []
    assert second.depth().leased == 1


def test_a_lease_that_ran_out_is_taken_by_another_under_a_higher_fence(queues: Queues) -> None:
    slow, other = queues.shared(lease=SHORT), queues.shared()
    slow.push([hint(1)])
    (late,) = slow.take(1)
    taken: list = []
    wait_for(lambda: taken or taken.extend(other.take(1)) or taken)
    assert taken[0].fence > late.fence
    assert slow.done([late]) == [late]
    assert slow.release([late]) == [late]
    assert slow.renew([late]) == ([], [late])
    assert other.done(taken) == []
    assert other.take(10) == []


def test_a_worker_does_not_get_by_with_its_own_old_fence(queues: Queues) -> None:
    queue = queues.shared(lease=SHORT)
    queue.push([hint(1)])
    (old,) = queue.take(1)
    again: list = []
    wait_for(lambda: again or again.extend(queue.take(1)) or again)
    assert queue.done([old]) == [old]
    assert queue.done(again) == []


def test_a_lease_is_over_by_the_clock_of_leases(queues: Queues) -> None:
    queues.lease_now = 100.0
    queue, other = queues.shared(lease=30.0), queues.shared()
    queue.push([hint(1)])
    (first,) = queue.take(1)
    assert first.until == 130.0
    queues.lease_now = 129.0
    assert other.take(1) == []
    (held,), _ = queue.renew([first])
    assert held.until == 159.0
    queues.lease_now = 158.0
    assert other.take(1) == []
    assert not other.wait(0.0)
    queues.lease_now = 159.0
    assert other.wait(0.0)
    (second,) = other.take(1)
    assert second.fence > held.fence
    assert queue.done([held]) == [held]


def test_a_lease_that_is_renewed_stays(queues: Queues) -> None:
    queue, other = queues.shared(lease=1.0), queues.shared()
    queue.push([hint(1)])
    held = queue.take(1)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        held, lost = queue.renew(held)
        assert lost == []
        assert other.take(1) == []
        time.sleep(0.05)
    assert queue.done(held) == []


def test_what_is_released_comes_back_as_it_was(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1, due=-5.0, priority=3), hint(2)])
    first, second = queue.take(2)
    queue.release([first])
    (again,) = queue.take(5)
    assert again.hint == first.hint
    assert again.fence > first.fence
    assert queue.done([again, second]) == []


def test_what_is_pushed_twice_is_there_once_with_the_last_word(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1), hint(2, priority=1)])
    queue.push([hint(1, priority=9)])
    assert [lease.hint for lease in queue.take(10)] == [hint(1, priority=9), hint(2, priority=1)]


def test_what_is_pushed_again_is_only_where_the_last_word_puts_it(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1), hint(2, due=50.0), hint(3)], "one")
    queue.push([hint(1, due=50.0), hint(2)], "one")
    queue.push([hint(3)], "two")
    assert queue.depth() == ({"one": 1, "two": 1}, 1, 0)
    assert sorted(lease.hint.task.seq for lease in queue.take(10)) == [2, 3]
    queues.now = 50.0
    assert [lease.hint.task.seq for lease in queue.take(10)] == [1]


def test_what_is_there_twice_in_one_push_is_there_once(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1), hint(1, due=50.0), hint(2, due=50.0), hint(2)])
    assert queue.depth() == ({"default": 1}, 1, 0)
    queues.now = 50.0
    assert sorted(lease.hint for lease in queue.take(10)) == sorted([hint(1, due=50.0), hint(2)])


def test_what_is_pushed_while_somebody_has_it_comes_back_when_it_is_done(queues: Queues) -> None:
    """A signal that comes while the task is looked at: to forget it would leave the task waiting."""
    queue = queues.shared()
    queue.push([hint(1)])
    held = queue.take(1)
    queue.push([hint(1)])
    assert queue.take(1) == []
    queue.done(held)
    assert [lease.hint for lease in queue.take(1)] == [hint(1)]


def test_the_next_attempt_is_another_hint(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1)])
    held = queue.take(1)
    queue.push([Hint(0.0, 0.0, TaskRef("r", 1), attempt=1)])
    (retry,) = queue.take(5)
    assert retry.hint.attempt == 1
    assert queue.done([*held, retry]) == []
    assert queue.take(5) == []


def test_a_reconciliation_adds_only_what_is_nowhere(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1), hint(2), hint(3, due=50.0)])
    held = queue.take(1)
    queue.push([hint(1), hint(2), hint(3, due=50.0), hint(4)], missing=True)
    queue.done(held)
    assert [lease.hint.task.seq for lease in queue.take(10)] == [2, 4]
    assert queue.depth().later == 1


def test_namespaces_take_turns(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(seq, priority=9) for seq in range(1000)], "loud")
    queue.push([hint(seq, run="small") for seq in range(3)], "quiet")
    runs = [lease.hint.task.run for lease in queue.take(8)]
    assert runs.count("small") == 3


def test_a_namespace_of_twice_the_weight_gets_twice_as_much(queues: Queues) -> None:
    queue = queues.shared(weights={"big": 2.0})
    queue.push([hint(seq, run="b") for seq in range(300)], "big")
    queue.push([hint(seq, run="s") for seq in range(300)], "small")
    runs = [lease.hint.task.run for _ in range(30) for lease in queue.take(5)]
    assert 95 <= runs.count("b") <= 105


def test_a_namespace_that_had_nothing_has_saved_nothing(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(seq, run="a") for seq in range(500)], "always")
    assert len(queue.take(400)) == 400
    queue.push([hint(seq, run="n") for seq in range(500)], "new")
    runs = [lease.hint.task.run for lease in queue.take(100)]
    assert 45 <= runs.count("n") <= 55


def test_what_is_due_beyond_the_horizon_stays_in_the_store(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1, due=599.0), hint(2, due=601.0)])
    assert queue.depth().later == 1


def test_blocked_tasks_are_shown_until_they_are_ready(queues: Queues) -> None:
    queue = queues.shared()
    queue.block("r", range(1, 2501))
    queue.push([hint(seq) for seq in range(1, 2500)])
    assert queue.blocked("r") == {2500}
    queue.drop(["r"])
    assert queue.blocked("r") == set()
    assert queue.take(10) == []


def test_a_dropped_run_takes_its_leases_along(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1, priority=1), hint(2, run="other")])
    held = queue.take(1)
    queue.drop(["r"])
    assert queue.done(held) == held
    assert [lease.hint.task.run for lease in queue.take(10)] == ["other"]


def test_a_turn_ends_pushes_and_takes(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1), hint(2)])
    held = queue.take(2)
    stale = held[1]._replace(fence=held[1].fence - 1)
    taken, refused = queue.turn([held[0], stale], [hint(3), hint(4)], 1)
    assert [lease.hint.task.seq for lease in taken] == [3]
    assert refused == [stale]
    assert queue.turn([], [], 5)[0][0].hint.task.seq == 4


def test_the_epoch_is_what_begin_said_until_all_is_lost(queues: Queues) -> None:
    queue = queues.shared()
    assert queue.epoch() == ""
    queue.begin("one")
    assert queues.shared().epoch() == "one"
    queue.clear()
    assert queue.epoch() == ""

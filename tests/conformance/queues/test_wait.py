"""Waiting for work: woken by a push, by a delay that is over, by a lease that has run out; and nobody asks in circles."""

import time
from threading import Thread

import pytest
from conformance.conftest import Queues
from conformance.queues.test_queue import hint


def test_there_is_nothing_to_wait_for_where_there_is_work(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1)])
    began = time.monotonic()
    assert queue.wait(20.0)
    assert time.monotonic() - began < 10.0


def test_the_time_runs_out(queues: Queues) -> None:
    assert not queues.shared().wait(0.05)


def test_a_push_wakes_who_waits(queues: Queues) -> None:
    sleeper, other = queues.shared(), queues.shared()
    woken: list[str] = []
    thread = Thread(target=lambda: woken.append(sleeper.wait(60.0)))
    thread.start()
    time.sleep(0.1)
    other.push([hint(1)])
    thread.join(30.0)
    assert woken == ["work"]
    assert len(sleeper.take(5)) == 1


def test_each_push_wakes_as_many_as_there_is_work_for(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is woken, takes, and wakes the next where something is left."""
    monkeypatch.setattr("flow_engine.queues.redis.queue.LOOK", 120.0)  # nobody looks by itself
    other, taken = queues.shared(), []

    def work() -> None:
        mine = queues.shared()
        while mine.wait(60.0):
            leases = mine.take(1)
            taken.extend(leases)
            if leases:
                return

    threads = [Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    other.push(hint(seq) for seq in range(5))
    for thread in threads:
        thread.join(30.0)
    assert sorted(lease.hint.task.seq for lease in taken) == [0, 1, 2, 3, 4]


def test_a_lease_that_runs_out_wakes_who_waits(queues: Queues) -> None:
    gone, other = queues.shared(lease=0.2), queues.shared()
    gone.push([hint(1)])
    assert len(gone.take(1)) == 1
    began = time.monotonic()
    while not other.take(1):
        assert other.wait(60.0)
    assert time.monotonic() - began < 30.0


def test_a_knock_wakes_the_one_who_is_meant(queues: Queues) -> None:
    sleeper, other = queues.shared(), queues.shared()
    woken: list[str] = []
    thread = Thread(target=lambda: woken.append(sleeper.wait(60.0, "w1", work=False)))
    thread.start()
    time.sleep(0.1)
    other.push([hint(1)])  # which it does not wait for
    other.knock(["w2"])
    time.sleep(0.1)
    assert woken == []
    other.knock(["w1", "w3"])
    thread.join(30.0)
    assert woken == ["knock"]
    assert not sleeper.wait(0.05, "w1", work=False)


def test_a_knock_is_kept_until_it_is_heard(queues: Queues) -> None:
    queue = queues.shared()
    for _ in range(3):
        queue.knock(["w1"])
    assert queue.wait(20.0, "w1") == "knock"
    assert not queue.wait(0.05, "w1")


def test_a_knock_is_heard_while_there_is_always_work(queues: Queues) -> None:
    """In Redis it was not, and mail was read when it was looked for anyway."""
    queue = queues.shared()
    queue.push([hint(1)])
    queue.knock(["w1"])
    assert queue.wait(20.0, "w1") == "knock"
    assert queue.wait(20.0, "w1") == "work"


def test_who_waits_for_both_hears_of_work_too(queues: Queues) -> None:
    queue = queues.shared()
    queue.push([hint(1)])
    assert queue.wait(20.0, "w1") == "work"
    assert not queue.wait(0.05, "w1", work=False)

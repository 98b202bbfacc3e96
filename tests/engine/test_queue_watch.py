"""Who waits for a shared queue: one watches the clock, and the others sleep."""

import time
from collections.abc import Callable
from threading import Thread

import pytest
from flow_engine.model import Hint, TaskRef
from flow_engine.queues.contract import Lease
from flow_engine.queues.redis import RedisQueue
from support.queues import hints
from support.valkey import Valkey


def test_nobody_is_asked_in_circles_while_there_is_nothing_to_do(
    own: Valkey, open_queue: Callable[..., RedisQueue]
) -> None:
    """Ten workers and a delay of a second: one watches the clock, and the others sleep on."""
    queue = open_queue(own.url)
    woken: list[float] = []

    def sleep(mine: RedisQueue) -> None:
        began = time.monotonic()
        mine.wait(3.0)
        woken.append(time.monotonic() - began)

    later = time.time() + 0.7
    queue.push([Hint(later, later, TaskRef("run", 1))])
    assert queue.take(1) == []
    queue.wait(0.0)
    with own.client() as client:
        client.delete(*client.keys("*:wake"))  # what the push left for somebody to look
        before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        threads = [Thread(target=sleep, args=(open_queue(own.url),)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30.0)
        calls = client.info("commandstats")["cmdstat_evalsha"]["calls"] - before
    assert sum(seconds < 2.5 for seconds in woken) == 1, woken
    assert calls <= 3 * len(threads)
    assert len(queue.take(1)) == 1


def test_who_watches_the_clock_hands_that_over_when_it_gets_work(
    own: Valkey, open_queue: Callable[..., RedisQueue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flow_engine.queues.redis.queue.LOOK", 120.0)  # nobody looks by itself
    queue, watcher, other = open_queue(own.url), open_queue(own.url), open_queue(own.url)
    later = time.time() + 1.5
    queue.push([Hint(later, later, TaskRef("run", 1))])
    assert queue.take(1) == []
    with own.client() as client:
        client.delete(*client.keys("*:wake"))
        watching = Thread(target=lambda: watcher.wait(60.0) and watcher.take(1))
        watching.start()
        while not client.keys("*:timer"):
            time.sleep(0.005)
    taken: list[Lease] = []

    def wait_on() -> None:
        while not taken:
            assert other.wait(60.0)
            taken.extend(other.take(1))

    waiting = Thread(target=wait_on)
    waiting.start()
    time.sleep(0.2)
    queue.push(hints(1, run="now"))
    watching.join(30.0)
    waiting.join(30.0)
    assert taken[0].hint.task.run == "run"

"""What befell queues in Redis: reconnects, restarts, flushes, evictions, limits of Lua, delays taken for leases."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from flow_engine.errors import QueueDown, Unsuitable
from flow_engine.model import Hint, TaskRef
from flow_engine.queues.contract import Lease
from flow_engine.queues.reconcile import Reconciler
from flow_engine.queues.redis import RedisQueue
from flow_engine.queues.steady import SteadyQueue
from support.truth import Truth
from support.valkey import Valkey

Open = Callable[..., RedisQueue]


@pytest.fixture
def open_queue(own: Valkey, open_queue: Open) -> Open:
    """On the test's own server."""
    return partial(open_queue, own.url)


def later(seconds: float, count: int = 1, run: str = "run") -> list[Hint]:
    at = time.time() + seconds
    return [Hint(at, at, TaskRef(run, seq)) for seq in range(count)]


class Consumer:
    """A worker in a thread: it waits, takes, claims from the truth, and ends its leases, until it is told to stop."""

    def __init__(self, queue: SteadyQueue, truth: Truth) -> None:
        self._queue, self._truth = queue, truth
        self._ending = False
        self.error: BaseException | None = None
        self._thread = Thread(target=self._work)

    def __enter__(self) -> "Consumer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._thread.join(30.0)
        assert not self._thread.is_alive()
        assert self.error is None

    def wait_until(self, done: Callable[[], bool], seconds: float = 45.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f"{len(self._truth.ready)} tasks are left"
            time.sleep(0.01)

    def _work(self) -> None:
        try:
            while not self._ending:
                leases = self._queue.take(10)
                for lease in leases:
                    self._truth.claim(lease.hint, "w")
                self._queue.done(leases)
                if not leases:
                    self._queue.wait(1.0)
        except BaseException as error:  # noqa: BLE001 - told by the test's thread
            self.error = error


def consumer(queue: RedisQueue, truth: Truth) -> Consumer:
    return Consumer(SteadyQueue(queue, truth, Reconciler(queue, truth, every=0.0)), truth)


def test_celery_8030_10205_a_worker_whose_connections_were_reset_goes_on_taking_work(
    own: Valkey, open_queue: Open
) -> None:
    """Several times within seconds, and while it sleeps in a blocking command: there it lived on and took nothing."""
    truth, pusher = Truth(40), open_queue()
    with consumer(open_queue(), truth) as worker, own.client() as client:
        for part in range(4):
            time.sleep(0.2)
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            pusher.push(truth.hints()[: 40 - 10 * part][-10:])
            worker.wait_until(lambda left=30 - 10 * part: len(truth.ready) <= left)
    assert len(truth.claimed) == 40


@pytest.mark.parametrize("persistent", [False, True], ids=["lost all", "kept its file"])
def test_celery_1789_a_restart_of_redis_loses_no_task(tmp_path: Path, persistent: bool) -> None:
    """Tasks that were waiting, that were being worked on, and that came while it was down."""
    server, truth = Valkey(tmp_path, persistent).start(), Truth(300)
    queue = RedisQueue(server.url, answer=1.0)
    queue.push(truth.hints()[:200])
    with consumer(queue, truth) as worker:
        worker.wait_until(lambda: len(truth.claimed) > 20)
        server.kill()
        queue_down = len(truth.claimed)
        worker.wait_until(lambda: len(truth.claimed) > queue_down or not truth.ready)
        server.start()
        worker.wait_until(lambda: not truth.ready)
    assert len(truth.claimed) == 300
    queue.close()
    server.kill()


def test_dramatiq_258_nine_thousand_at_once_pass_through_every_script(own: Valkey, open_queue: Open) -> None:
    """There a script unpacked more than Lua's stack takes, and the worker idled for ever."""
    queue = open_queue(lease=1.0)
    queue.push(later(0.0, 9_000))
    leases = queue.take(9_000)
    assert len(leases) == 9_000
    kept, lost = queue.renew(leases)
    assert (len(kept), lost) == (9_000, [])
    time.sleep(1.1)
    again: list[Lease] = []  # all of the leases have run out
    while len(again) < 9_000:
        again += (found := queue.take(9_000))
        assert found or queue.depth().leased
    assert queue.done(leases[:10]) == leases[:10]
    assert queue.release(again) == []
    queue.drop(["run"])
    assert queue.depth() == ({}, 0, 0)
    queue.push(later(0.2, 9_000))
    time.sleep(0.3)
    assert sum(len(queue.take(5_000)) for _ in range(3)) == 9_000


def test_langfuse_15509_a_worker_whose_redis_was_flushed_goes_on_and_says_so(own: Valkey, open_queue: Open) -> None:
    """FLUSHALL in the middle of its work, with tasks in its hands, and the scripts flushed too."""
    truth, queue = Truth(200), open_queue()
    queue.push(truth.hints())
    reconciler = Reconciler(queue, truth)
    assert reconciler.step()
    with consumer(queue, truth) as worker, own.client() as client:
        worker.wait_until(lambda: len(truth.claimed) > 10)
        client.flushall()
        client.script_flush()
        assert reconciler.step()  # what is called every few seconds tells that all was lost
        worker.wait_until(lambda: not truth.ready)
    assert len(truth.claimed) == 200
    assert queue.epoch() == truth.queue_epoch()


def test_bullmq_2215_a_redis_that_may_evict_is_refused_at_the_start(own: Valkey, open_queue: Open) -> None:
    with own.client() as client:
        client.config_set("maxmemory-policy", "volatile-lru")
    with pytest.raises(Unsuitable, match="noeviction"):
        open_queue().check()


def test_sidekiq_2883_a_full_redis_removes_nothing_and_work_goes_on_from_the_store(
    own: Valkey, open_queue: Open
) -> None:
    queue, truth = open_queue(), Truth(50)
    queue.push(truth.hints())
    queue.block("run", range(1000, 1100))
    with own.client() as client:
        client.config_set("maxmemory", "1mb")
        with pytest.raises(QueueDown, match="memory"):
            queue.push(later(0.0, 9_000, "flood"))
        with consumer(queue, truth) as worker:
            worker.wait_until(lambda: not truth.ready)
        client.config_set("maxmemory", "0")
    assert len(truth.claimed) == 50
    assert queue.blocked("run") == set(range(1000, 1100))


def test_celery_2599_3270_in_redis_a_delay_is_no_lease(own: Valkey, open_queue: Open) -> None:
    """A delay, or a retry's, that is many times longer than the lease: there each worker was given it in turn."""
    queues = [open_queue(lease=0.1) for _ in range(3)]
    queues[0].push(later(1.0))
    taken: list[Lease] = []
    began = time.monotonic()
    while time.monotonic() - began < 2.0:
        for queue in queues:
            leases = queue.take(5)
            taken += leases
            queue.done(leases)
        time.sleep(0.02)
    (lease,) = taken
    assert lease.hint.due <= time.time() - 0.5


def test_kombu_337_in_redis_what_is_not_due_is_in_nobodys_hands(own: Valkey, open_queue: Open) -> None:
    """There a worker kept delayed messages in its memory, unacknowledged, and they were given to others too."""
    queue = open_queue(lease=0.1)
    queue.push(later(500.0, 100))
    assert queue.take(1000) == []
    assert queue.depth() == ({}, 100, 0)
    queue.push(later(30 * 3600.0, 100))  # beyond the horizon: in the store alone
    assert queue.depth().later <= 100

"""A shared queue in Redis or Valkey against what happens to such a server: kills, flushes, lost answers, many at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
import redis
from flow_engine.errors import QueueDown, Unsuitable
from flow_engine.model import Hint, TaskRef
from flow_engine.queues.contract import Lease
from flow_engine.queues.reconcile import Reconciler
from flow_engine.queues.redis import RedisQueue
from flow_engine.queues.steady import SteadyQueue
from support.proxy import Proxy
from support.queues import hints, steady
from support.tied import tied
from support.truth import Truth
from support.valkey import Valkey


def work_off(queue: SteadyQueue, truth: Truth, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while truth.ready:
        assert time.monotonic() < end, f"{len(truth.ready)} tasks are left"
        leases = queue.take(64)
        for lease in leases:
            truth.claim(lease.hint, "w")
        queue.done(leases)
        if not leases:
            queue.wait(0.05)


def test_two_hundred_consumers_get_each_task_once(open_queue: Callable[..., RedisQueue]) -> None:
    truth, queue = Truth(2000), open_queue()
    got: list[Lease] = []
    refused: list[Lease] = []

    def consume() -> None:
        mine = open_queue()
        while leases := mine.take(7):
            got.extend(leases)
            refused.extend(mine.done(leases))

    queue.push(truth.hints())
    threads = [Thread(target=consume) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert sorted(lease.hint.task.seq for lease in got) == list(range(2000))
    assert refused == []
    assert queue.depth() == ({}, 0, 0)


def test_ten_thousand_tasks_leave_nothing_behind(own: Valkey, open_queue: Callable[..., RedisQueue]) -> None:
    queue, client = open_queue(own.url), own.client()
    queue.block("run", range(10_000))
    queue.push(hints(10_000))
    leases: list[Lease] = []
    done = 0
    while leases or not done:
        leases, refused = queue.turn(leases, [], 500)
        assert refused == []
        done += len(leases)
    assert done == 10_000
    kept = sorted(key.decode().partition("}:")[2] for key in client.keys("*"))
    lasting = [key for key in kept if client.ttl(f"flow:{{{_lane(client)}}}:{key}") == -1]
    assert lasting in (["state"], ["state", "wake"])
    assert len(kept) <= 5
    assert client.llen(f"flow:{{{_lane(client)}}}:wake") <= 1
    client.close()


def _lane(client: object) -> str:
    (key,) = client.keys("*:state")  # type: ignore[attr-defined]
    return str(key.decode().partition("{")[2].partition("}")[0])


@pytest.mark.parametrize("persistent", [True, False], ids=["with its data", "without its data"])
def test_a_killed_server_comes_back_and_nothing_is_lost(
    tmp_path: Path, persistent: bool, open_queue: Callable[..., RedisQueue]
) -> None:
    server, truth = Valkey(tmp_path, persistent).start(), Truth(500)
    queue = steady(open_queue(server.url, answer=1.0), truth)
    queue.push(truth.hints())
    for lease in queue.take(100):
        truth.claim(lease.hint, "w")
    server.kill()
    before = len(truth.claimed)
    for lease in queue.take(50):  # it is down: from the store
        assert lease.fence == 0
        truth.claim(lease.hint, "w")
    assert len(truth.claimed) == before + 50
    assert queue.down_since is not None
    server.start()
    work_off(queue, truth)
    assert len(truth.claimed) == 500
    time.sleep(0.6)
    queue.take(1)
    assert queue.down_since is None
    server.kill()


def test_a_flush_in_the_middle_loses_nothing(own: Valkey, open_queue: Callable[..., RedisQueue]) -> None:
    truth = Truth(300)
    inner = open_queue(own.url)
    queue, reconciler = steady(inner, truth), Reconciler(inner, truth, every=0.0)
    reconciler.step()
    held = queue.take(20)
    for lease in held:
        truth.claim(lease.hint, "w")
    with own.client() as client:
        client.flushall()
    assert queue.done(held) == held  # nothing is known of them any more; the store accepted them
    assert reconciler.step()
    assert inner.epoch() == truth.queue_epoch()
    work_off(queue, truth)
    assert len(truth.claimed) == 300


def test_a_flush_while_the_queue_is_rebuilt_is_noticed(own: Valkey, open_queue: Callable[..., RedisQueue]) -> None:
    queue = open_queue(own.url)

    class Flushed(Truth):
        pages = 0

        def ready_hints(
            self, limit: int, after: TaskRef | None = None, before: float | None = None
        ) -> list[tuple[str, Hint]]:
            self.pages += 1
            if self.pages == 2:
                with own.client() as client:
                    client.flushall()
            return super().ready_hints(limit, after, before)

    truth = Flushed(1500)
    reconciler = Reconciler(queue, truth)
    reconciler.step()
    assert queue.epoch() == ""
    reconciler.step()
    assert queue.epoch() == truth.queue_epoch()
    assert queue.depth().ready == {"default": 1500}


def test_a_queue_of_another_state_is_cleared(open_queue: Callable[..., RedisQueue]) -> None:
    queue, truth = open_queue(), Truth(3)
    queue.push(hints(5, run="foreign"))
    queue.begin("another")
    Reconciler(queue, truth).step()
    assert {lease.hint.task.run for lease in queue.take(10)} == {"run"}


def test_scripts_that_were_flushed_are_sent_again(own: Valkey, open_queue: Callable[..., RedisQueue]) -> None:
    queue = open_queue(own.url)
    queue.push(hints(3))
    with own.client() as client:
        client.script_flush()
        held = queue.take(2)
        client.script_flush()
        taken, refused = queue.turn(held, hints(1, run="more"), 5)
    assert refused == []
    assert {lease.hint.task.run for lease in taken} == {"run", "more"}


@pytest.mark.parametrize("kind", ["push", "take", "done", "turn"])
def test_a_command_whose_answer_was_lost_is_done_once(
    own: Valkey, open_queue: Callable[..., RedisQueue], kind: str
) -> None:
    """The connection ends after the server has run the command and before its answer arrives; the client sends it again."""
    with closing(Proxy(own.port, request=b"")) as proxy:
        queue = open_queue(f"redis://127.0.0.1:{proxy.port}/0")
        queue.push(hints(10))
        held = queue.take(3)
        proxy.fail("answer lost")
        if kind == "push":
            queue.push(hints(5, run="more"))
        elif kind == "take":
            assert len(queue.take(3)) == 3
        elif kind == "done":
            assert queue.done(held) == []
        else:
            taken, refused = queue.turn(held, hints(5, run="more"), 3)
            assert (len(taken), refused) == (3, [])
        assert proxy.broken == 1
        pushed, taken_, ended = {"push": (5, 0, 0), "take": (0, 3, 0), "done": (0, 0, 3), "turn": (5, 3, 3)}[kind]
        depth = queue.depth()
        assert depth.leased == 3 + taken_ - ended
        assert sum(depth.ready.values()) == 7 + pushed - taken_


HOLDER = """
import sys, time
from flow_engine.queues.redis import RedisQueue
queue = RedisQueue(sys.argv[1], sys.argv[2], lease=0.3)
(lease,) = queue.take(1)
print("holds", lease.fence, flush=True)
sys.stdin.readline()
print("refused" if queue.done([lease]) else "accepted", flush=True)
"""


def test_a_holder_that_was_stopped_past_its_lease_is_refused_by_the_fence(
    valkey: Valkey, request: pytest.FixtureRequest, open_queue: Callable[..., RedisQueue]
) -> None:
    queue = open_queue()
    queue.push(hints(1))
    holder = subprocess.Popen(
        tied(sys.executable, "-c", HOLDER, valkey.url, request.node.name),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    word, fence = holder.stdout.readline().split()
    assert word == "holds"
    os.kill(holder.pid, signal.SIGSTOP)
    end = time.monotonic() + 30.0
    while not (taken := queue.take(1)):
        assert time.monotonic() < end
        queue.wait(1.0)
    assert taken[0].fence > int(fence)
    os.kill(holder.pid, signal.SIGCONT)
    out, _ = holder.communicate("go\n", timeout=30)
    assert out == "refused\n"
    assert queue.done(taken) == []


def test_the_fence_rises_over_a_flush_and_a_restart(own: Valkey, open_queue: Callable[..., RedisQueue]) -> None:
    queue, fences = open_queue(own.url), []
    for lose in (lambda client: client.flushall(), lambda client: (own.kill(), own.start()), lambda client: None):
        queue.push(hints(1))
        fences.append(queue.take(1)[0].fence)
        with own.client() as client:
            lose(client)
    assert fences == sorted(set(fences))
    assert len(fences) == 3


def test_a_server_that_hangs_does_not_hang_the_worker(own: Valkey, open_queue: Callable[..., RedisQueue]) -> None:
    truth = Truth(10)
    queue = steady(open_queue(own.url, answer=0.3), truth)
    queue.push(truth.hints())
    own.stop()
    began = time.monotonic()
    assert len(queue.take(4)) == 4
    assert queue.done(queue.take(1)) == []
    assert time.monotonic() - began < 20.0
    own.go_on()
    time.sleep(0.6)
    assert all(lease.fence for lease in queue.take(4))


def test_what_was_pushed_while_the_server_was_away_is_there_when_it_is_back(
    tmp_path: Path, open_queue: Callable[..., RedisQueue]
) -> None:
    """It has lost nothing, so that only the store knows what it missed."""
    own = Valkey(tmp_path, persistent=True).start()
    inner, truth = open_queue(own.url, answer=1.0), Truth(10)
    reconciler = Reconciler(inner, truth, every=1e9)
    assert [reconciler.step(), reconciler.step()] == [True, False]
    queue = SteadyQueue(inner, truth, reconciler)
    truth.ready |= {hint.task: hint for hint in hints(5, run="missed")}
    own.kill()
    queue.push(hints(5, run="missed"))
    assert queue.down_since is not None
    own.start()
    time.sleep(0.6)
    assert sum(lease.hint.task.run == "missed" for lease in queue.take(50) if lease.fence) == 5
    own.kill()


def test_a_password_is_not_told(valkey: Valkey) -> None:
    queue = RedisQueue(f"redis://someone:s3cret@127.0.0.1:{valkey.port}/0?password=s3cret")
    with pytest.raises(QueueDown, match=f"the queue redis://127.0.0.1:{valkey.port}/0 does not serve") as raised:
        queue.push(hints(1))
    assert "s3cret" not in str(raised.value)
    assert "someone" not in str(raised.value)
    queue.close()


def test_a_full_server_is_down_and_says_why(own: Valkey, open_queue: Callable[..., RedisQueue]) -> None:
    queue = open_queue(own.url)
    with own.client() as client:
        client.config_set("maxmemory", "1mb")
        with pytest.raises(QueueDown, match="mend its memory"):
            queue.push(hints(20_000))


def test_each_script_keeps_to_one_node_of_a_cluster(tmp_path: Path, open_queue: Callable[..., RedisQueue]) -> None:
    server = Valkey(tmp_path, cluster=True).start()
    with server.client() as client, pytest.raises(redis.exceptions.ResponseError, match="same slot"):
        client.mset({"one": 1, "another": 2})
    queue, truth = open_queue(server.url, lease=0.1), Truth(30)
    queue.check()
    queue.block("run", [40, 41])
    queue.push([*hints(20), Hint(time.time() + 60.0, 0.0, TaskRef("run", 40))], "one")
    queue.push(hints(5, run="other"), "two")
    first, *rest = queue.take(10)
    assert queue.done(rest) == []
    assert queue.wait(1.0)
    time.sleep(0.15)
    again = queue.take(5)
    assert first.hint in [lease.hint for lease in again]
    taken, refused = queue.turn(again, hints(1, run="third"), 50)
    assert refused == []
    assert queue.renew(taken)[1] == []
    assert queue.release(taken) == []
    assert queue.next_due() is not None
    assert queue.blocked("run") == {41}
    queue.drop(["run", "other", "third"])
    assert queue.depth() == ({}, 0, 0)
    Reconciler(queue, truth).step()
    assert sum(queue.depth().ready.values()) == 30
    queue.clear()
    server.kill()


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_server_that_throws_keys_away_is_refused(
    own: Valkey, open_queue: Callable[..., RedisQueue], policy: str
) -> None:
    queue = open_queue(own.url)
    queue.check()
    with own.client() as client:
        client.config_set("maxmemory-policy", policy)
    with pytest.raises(Unsuitable, match=f"maxmemory-policy {policy}.*set it to noeviction"):
        queue.check()

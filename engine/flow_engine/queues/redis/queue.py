"""Hints and leases in Redis or Valkey. What each key holds is told in lua/prelude.lua; SQL decides, whatever is here.

What this does not do: a lane is the work of one node, so that a cluster needs a queue for each of several lanes (pools or shards).
"""

import os
import re
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, islice
from typing import Any

from flow_engine.model import Hint
from flow_engine.queues.contract import HORIZON, Clock, Depth, Lease, Woken
from flow_engine.queues.redis.connection import ANSWER, TROUBLES, connect, down, refuse_forgetful
from flow_engine.queues.redis.hints import hint_from, name_of, pushed
from flow_engine.queues.redis.scripts import Call, Scripts

LEASE = 30.0
"""Seconds. It is renewed while the task is at work, so it says how soon a hint comes back whose holder is gone."""
LOOK = 5.0
"""The longest that one blocking command lasts, in seconds: after it the queue is looked at, whether or not somebody was woken."""
CHUNK = 1000
"""Hints in one call of a script."""
KNOCK_SECONDS = 60
"""How long a knock stays that nobody hears."""
BLOCKED_SECONDS = 86_400
"""How long tasks are shown as blocked by a run that nobody drops."""


class RedisQueue:
    """`pool` and `shard` name the lane; workers of one pool share it. `weights` of namespaces, 1 where there is none. `clock` (seconds
    since the epoch) says what is due, and `lease_clock` when a lease is over, which all workers of the lane must have in common: the
    server's by default. One object is for one process: after a fork, each side makes its own, since the server knows it by its name and
    the numbers of its requests."""

    def __init__(
        self,
        url: str,
        pool: str = "default",
        shard: int = 0,
        lease: float = LEASE,
        weights: Mapping[str, float] | None = None,
        clock: Clock | None = None,
        answer: float = ANSWER,
        lease_clock: Clock | None = None,
    ) -> None:
        self._url = url
        self._lane = f"flow:{{{pool}/{shard}}}"
        self._lease = lease
        self._weights = [part for pair in (weights or {}).items() for part in pair]
        self._clock = clock
        self._lease_clock = lease_clock
        self._client: Any = connect(url, answer)
        self._sleeper: Any = connect(url, answer + LOOK)
        self._scripts = Scripts(self._client, self._lane)
        self._name = os.urandom(8).hex()
        self._requests = count(1)
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raises QueueDown where the server does not answer, Unsuitable where it would throw tasks away."""
        with self._serving():
            refuse_forgetful(self._client, self._url)

    def push(self, hints: Iterable[Hint], namespace: str = "default", missing: bool = False) -> None:
        for calls in self._pushes(hints, namespace, missing):
            self._run(calls)

    def pop(self, limit: int, now: float | None = None) -> list[Hint]:
        """Takes hints that nobody keeps a lease of. One whose answer is lost for good comes back with the reconciliation."""
        given = _time(self._clock) if now is None else repr(now)
        return [lease.hint for lease in _leases(self._run(self._taking(limit, 0.0, given))[0])]

    def take(self, limit: int) -> list[Lease]:
        return _leases(self._run(self._taking(limit, self._lease, _time(self._clock)))[0])

    def turn(
        self, done: Sequence[Lease], hints: Iterable[Hint], limit: int, namespace: str = "default"
    ) -> tuple[list[Lease], list[Lease]]:
        """`done`, `push` and `take` in one round trip: what was taken, and the leases that were not held any more."""
        *before, last = [*self._pushes(hints, namespace, False)] or [[]]
        for calls in before:
            self._run(calls)
        calls = [*self._ending(done, "0"), *last]
        answers = self._run([*calls, *self._taking(limit, self._lease, _time(self._clock))])
        return _leases(answers[-1]), [done[at] for at in answers[0]] if done else []

    def renew(self, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
        if not leases:
            return [], []
        names = [part for lease in leases for part in (name_of(lease.hint), lease.fence)]
        until, lost = self._run([Call("renew", [_time(self._lease_clock), repr(self._lease), *names])])[0]
        gone = set(lost)
        kept = [lease._replace(until=float(until)) for at, lease in enumerate(leases) if at not in gone]
        return kept, [leases[at] for at in lost]

    def done(self, leases: Iterable[Lease]) -> list[Lease]:
        return self._end([*leases], "0")

    def release(self, leases: Iterable[Lease]) -> list[Lease]:
        return self._end([*leases], "1")

    def next_due(self) -> float | None:
        found = self._run([Call("next_due", ())])[0]
        return None if found is None else float(found)

    def drop(self, runs: Collection[str]) -> None:
        if runs:
            self._run([Call("drop", [*runs])])

    def wait(self, seconds: float, worker: str = "", work: bool = True) -> Woken:
        keys = [self._key(f"knock:{worker}")] if worker else []
        keys += [self._key("wake")] if work else []
        end = time.monotonic() + seconds
        while True:
            most = min(max(end - time.monotonic(), 0.0), LOOK)
            delay = self._run([self._peek(int(most * 1000) + 1)])[0] if work else -1
            if delay == 0:
                return "knock" if worker and self._was_knocked_for(worker) else "work"
            if most <= 0:
                return ""
            with self._serving():
                heard = self._sleeper.blpop(keys, max(most if delay < 0 else min(most, delay / 1000), 0.001))
            if heard:
                return "work" if heard[0] == self._key("wake").encode() else "knock"

    def _was_knocked_for(self, worker: str) -> bool:
        with self._serving():
            return self._client.lpop(self._key(f"knock:{worker}")) is not None

    def knock(self, workers: Iterable[str]) -> None:
        with self._serving():
            pipeline = self._client.pipeline(transaction=False)
            for key in [self._key(f"knock:{worker}") for worker in workers]:
                pipeline.rpush(key, "1")
                pipeline.ltrim(key, -1, -1)
                pipeline.expire(key, KNOCK_SECONDS)
            pipeline.execute()

    def block(self, run: str, rows: Collection[int]) -> None:
        key, left = self._key(f"blocked:{run}"), iter(rows)
        with self._serving():
            while chunk := [*islice(left, CHUNK)]:
                self._client.sadd(key, *chunk)
            self._client.expire(key, BLOCKED_SECONDS)

    def blocked(self, run: str) -> set[int]:
        with self._serving():
            return {int(row) for row in self._client.smembers(self._key(f"blocked:{run}"))}

    def depth(self) -> Depth:
        with self._serving():
            names = [name.decode() for name in self._client.zrange(self._key("names"), 0, -1)]
            pipeline = self._client.pipeline(transaction=False)
            for key in ["later", "leased", *(f"ready:{name}" for name in names)]:
                pipeline.zcard(self._key(key))
            later, leased, *ready = pipeline.execute()
        return Depth({name: size for name, size in zip(names, ready, strict=True) if size}, later, leased)

    def epoch(self) -> str:
        with self._serving():
            return (self._client.hget(self._key("state"), "epoch") or b"").decode()

    def begin(self, epoch: str) -> None:
        with self._serving():
            self._client.hset(self._key("state"), "epoch", epoch)

    def clear(self) -> None:
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", self._lane) + ":*"
        with self._serving():
            keys = self._client.scan_iter(match=pattern, count=CHUNK)
            while chunk := [*islice(keys, CHUNK)]:
                self._client.unlink(*chunk)

    def close(self) -> None:
        self._client.close()
        self._sleeper.close()

    def _pushes(self, hints: Iterable[Hint], namespace: str, missing: bool) -> Iterator[list[Call]]:
        """One script for each thousand of hints."""
        left = iter(hints)
        while chunk := [*islice(left, CHUNK)]:
            start = (_time(self._clock), repr(HORIZON), str(int(missing)), namespace)
            yield [Call("push", [*self._request(), *start, *pushed(chunk)])]

    def _taking(self, limit: int, lease: float, now: str) -> list[Call]:
        return [Call("take", [*self._request(), now, _time(self._lease_clock), repr(lease), limit, *self._weights])]

    def _peek(self, most: int) -> Call:
        """`most`: milliseconds that the caller may sleep."""
        return Call("peek", (self._name, _time(self._clock), _time(self._lease_clock), most))

    def _ending(self, leases: Sequence[Lease], again: str) -> list[Call]:
        parts = [part for lease in leases for part in (name_of(lease.hint), lease.fence, again)]
        return [Call("done", [*self._request(), _time(self._clock), *parts])] if parts else []

    def _end(self, leases: list[Lease], again: str) -> list[Lease]:
        refused: list[Lease] = []
        for at in range(0, len(leases), CHUNK):
            chunk = leases[at : at + CHUNK]
            refused += [chunk[number] for number in self._run(self._ending(chunk, again))[0]]
        return refused

    def _request(self) -> tuple[str, str]:
        """Who asks, and a number that no other request has: a script that is sent again gives the answer that it gave."""
        return self._name, str(next(self._requests))

    def _run(self, calls: Sequence[Call]) -> list[Any]:
        # one at a time, since the server keeps one answer for each client
        with self._lock, self._serving():
            return self._scripts.run(*calls)

    def _key(self, name: str) -> str:
        return f"{self._lane}:{name}"

    @contextmanager
    def _serving(self) -> Iterator[None]:
        try:
            yield
        except TROUBLES as error:
            raise down(self._url, error) from error


def _time(clock: Clock | None) -> str:
    """As the scripts take it; empty for the server's own."""
    return "" if clock is None else repr(clock())


def _leases(answer: Sequence[bytes]) -> list[Lease]:
    _, fence, until, *hints = answer
    return [
        Lease(hint_from(name, record), int(fence), float(until))
        for name, record in zip(hints[::2], hints[1::2], strict=True)
    ]

"""What the same work costs with nothing around it, measured on this machine in the same run.

The floor of a graph keeps one row a task in SQLite (WAL, synchronous=FULL), hands ready tasks to two worker processes over pipes
in batches of at most 64, and commits each batch that comes back. It has no results, retries, leases, events or logs: no durable
engine with a worker process can be faster, and the ratio to it is what the engine costs.
"""

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from peer_bodies import TRUE
from workloads import Shape

WORKERS, BATCH = 2, 64


class Floor(NamedTuple):
    """`seconds`, and what was done in them."""

    seconds: float
    about: str


def floors_of(shape: Shape) -> list[Floor]:
    """The floors of a shape, the one that ratios use first."""
    if shape.name == "W5":
        return [
            Floor(
                _timed(lambda: _command("import sqlite3, json, subprocess; subprocess.run(['echo', 'hello'])")),
                "bare Python",
            ),
            Floor(_timed(lambda: _command("pass")), "python -c pass"),
        ]
    if shape.body == "shell":
        return [
            Floor(_graph(shape), "books and spawn"),
            Floor(_timed(lambda: _spawn(len(shape.parents))), "spawn alone"),
        ]
    return [Floor(_graph(shape), "SQLite FULL, 2 workers")]


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _command(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def _spawn(count: int) -> None:
    """`count` processes, two at a time."""
    running: set[int] = set()
    for _ in range(count):
        if len(running) == WORKERS:
            running.discard(os.wait()[0])
        running.add(os.posix_spawn(TRUE, [TRUE], {}))
    for pid in running:
        os.waitpid(pid, 0)


def _graph(shape: Shape) -> float:
    """The time of the graph alone: workers are up and the database is open before the clock starts."""
    with tempfile.TemporaryDirectory() as folder:
        pipes = [_worker(shape.body) for _ in range(WORKERS)]
        store = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
        for line in ("journal_mode=WAL", "synchronous=FULL"):
            store.execute(f"PRAGMA {line}")
        store.execute("CREATE TABLE task (id INTEGER PRIMARY KEY, state INTEGER NOT NULL)")
        try:
            return _timed(lambda: _drive(shape, store, pipes))
        finally:
            store.close()
            for pipe in pipes:
                pipe.send(None)
                pipe.close()


def _worker(body: str) -> Connection:
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=_work, args=(theirs, body), daemon=True).start()
    return ours


def _work(pipe: Connection, body: str) -> None:
    while (batch := pipe.recv()) is not None:
        for _ in batch:
            if body == "shell":
                os.waitpid(os.posix_spawn(TRUE, [TRUE], {}), 0)
        pipe.send(batch)


def _drive(shape: Shape, store: sqlite3.Connection, pipes: list[Connection]) -> None:
    """Submits every run with a commit of its own, then runs all their tasks."""
    size = len(shape.parents)
    for first in range(0, shape.runs, shape.batch):
        until = min(first + shape.batch, shape.runs) * size
        with _transaction(store):
            store.executemany("INSERT INTO task VALUES (?, 0)", [(i,) for i in range(first * size, until)])
    _Books(shape, store, pipes).run()


class _Books:
    """The graph in memory: how many parents each task still waits for, and who waits for it."""

    def __init__(self, shape: Shape, store: sqlite3.Connection, pipes: list[Connection]) -> None:
        self.store, self.pipes, self.size = store, pipes, len(shape.parents)
        self.children: list[list[int]] = [[] for _ in shape.parents]
        for task, parents in enumerate(shape.parents):
            for parent in parents:
                self.children[parent].append(task)
        self.unmet = [len(parents) for parents in shape.parents] * shape.runs
        self.ready = deque(i for i, count in enumerate(self.unmet) if count == 0)
        self.left = len(self.unmet)
        self.batch = 1 if shape.body == "shell" else BATCH

    def run(self) -> None:
        idle, busy = list(self.pipes), []
        while self.left:
            while idle and self.ready:
                share = min(self.batch, max(1, len(self.ready) // len(idle)))
                idle[-1].send([self.ready.popleft() for _ in range(share)])
                busy.append(idle.pop())
            back = [pipe for pipe in wait(busy) if isinstance(pipe, Connection)]
            self._finish([task for pipe in back for task in pipe.recv()])
            busy = [pipe for pipe in busy if pipe not in back]
            idle += back

    def _finish(self, done: list[int]) -> None:
        with _transaction(self.store):
            self.store.executemany("UPDATE task SET state = 1 WHERE id = ? AND state = 0", [(task,) for task in done])
        self.left -= len(done)
        for task in done:
            first = task - task % self.size
            for child in self.children[task % self.size]:
                self.unmet[first + child] -= 1
                if not self.unmet[first + child]:
                    self.ready.append(first + child)


class _transaction:
    def __init__(self, store: sqlite3.Connection) -> None:
        self.store = store

    def __enter__(self) -> None:
        self.store.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *rest: object) -> None:
        self.store.execute("COMMIT" if kind is None else "ROLLBACK")

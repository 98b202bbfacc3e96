"""A state in SQL that decides, as small as can be: tasks with an attempt, claimed and completed under a fence."""

import sqlite3
import time
from pathlib import Path

from flow_engine.model import Hint, TaskRef

SCHEMA = """
CREATE TABLE task (seq INTEGER PRIMARY KEY, state TEXT NOT NULL, attempt INTEGER NOT NULL, worker TEXT, ready_at REAL NOT NULL);
CREATE TABLE accepted (seq INTEGER NOT NULL, attempt INTEGER NOT NULL, worker TEXT NOT NULL);
"""


class State:
    """`Source` of a shared queue."""

    def __init__(self, path: Path, tasks: int = 0) -> None:
        self._connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        if tasks:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(SCHEMA)
            rows = [(seq, time.time() + (seq % 7 == 0) * 1.0) for seq in range(tasks)]
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT INTO task VALUES (?, 'ready', 0, NULL, ?)", rows)
            self._connection.execute("COMMIT")

    def queue_epoch(self) -> str:
        return "the epoch of the state"

    def ready_hints(
        self, limit: int, after: TaskRef | None = None, before: float | None = None
    ) -> list[tuple[str, Hint]]:
        order = "ready_at, seq" if after is None else "seq"
        rows = self._connection.execute(
            f"SELECT seq, attempt, ready_at FROM task WHERE state = 'ready' AND ready_at <= ? AND seq > ? ORDER BY {order} LIMIT ?",
            (time.time() if before is None else before, -1 if after is None else after.seq, limit),
        ).fetchall()
        return [
            ("odd" if seq % 2 else "even", Hint(at, at, TaskRef("run", seq), attempt=attempt))
            for seq, attempt, at in rows
        ]

    def claim(self, hint: Hint, worker: str) -> int | None:
        """The attempt, where the task is ready and has had as many attempts as the hint says."""
        changed = self._connection.execute(
            "UPDATE task SET state = 'claimed', attempt = attempt + 1, worker = ? WHERE seq = ? AND state = 'ready' AND attempt = ?",
            (worker, hint.task.seq, hint.attempt),
        ).rowcount
        return hint.attempt + 1 if changed else None

    def complete(self, seq: int, attempt: int, worker: str, again: bool) -> Hint | None:
        """Fenced; `again`: it has failed and is to be tried once more, and then this is its next hint."""
        self._connection.execute("BEGIN IMMEDIATE")
        state, at = ("ready", time.time() + 0.05) if again else ("done", 0.0)
        changed = self._connection.execute(
            "UPDATE task SET state = ?, worker = NULL, ready_at = ? WHERE seq = ? AND state = 'claimed' AND attempt = ? AND worker = ?",
            (state, at, seq, attempt, worker),
        ).rowcount
        if changed and not again:
            self._connection.execute("INSERT INTO accepted VALUES (?, ?, ?)", (seq, attempt, worker))
        self._connection.execute("COMMIT")
        return Hint(at, at, TaskRef("run", seq), attempt=attempt) if changed and again else None

    def rescue(self, worker: str) -> int:
        """What a dead worker had is ready again; nobody pushes a hint of it."""
        return self._connection.execute(
            "UPDATE task SET state = 'ready', worker = NULL, ready_at = ? WHERE state = 'claimed' AND worker = ?",
            (time.time(), worker),
        ).rowcount

    def left(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM task WHERE state != 'done'").fetchone()[0])

    def accepted(self) -> list[int]:
        return [seq for (seq,) in self._connection.execute("SELECT seq FROM accepted ORDER BY seq")]

    def close(self) -> None:
        self._connection.close()

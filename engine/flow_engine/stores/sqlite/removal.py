"""Removing old runs from the state: whole trees of a run and its child runs, each in one transaction or not at all."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from flow_engine.stores.queries import load
from flow_engine.stores.sqlite.connection import transaction
from flow_engine.stores.sqlite.reads import reading

PAGE = 200
"""Runs that are looked at together."""
TASKS = 5000
"""Rows of tasks from which on a transaction takes no further run, so that others are held up for a moment only."""
_OF_NUMBERS = ("remove_tasks", "remove_attempts", "remove_events", "remove_signals", "remove_mail", "remove_runs")
_OF_IDS = ("remove_letters", "remove_cached")
_LAST = "~"
"""After every id."""


class Tree(NamedTuple):
    """An ended run and its child runs: their numbers and ids, and when the last of them ended. The first is the run."""

    numbers: tuple[int, ...]
    ids: tuple[str, ...]
    ended: float


class Snapshot(NamedTuple):
    """What a state says of files at one moment. `first_claim`: when the first of the attempts was claimed that run then; None: none runs."""

    first_claim: float | None
    texts: Iterator[str]


class SqliteRemoval:
    """On a connection of the store. The newest run of all is never removed, since SQLite would give its number to another."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queries = load("removal.sql")

    def old(self, ended_before: float, keep: int) -> Iterator[list[Tree]]:
        """Runs that ended before that time (seconds since the epoch), oldest first for each workflow, a few at a time; the newest `keep`
        of each are left out, and so are those of which a child run has not ended."""
        newest = self._number("newest_number")
        for namespace, workflow in self._all("workflows"):
            kept = self._all("nth_newest", namespace, workflow, keep - 1) if keep else [(_LAST,)]
            after = ""
            while kept:
                page = self._all("old_runs", namespace, workflow, after, kept[0][0], ended_before, PAGE)
                found = (
                    self._tree(id_) if has_children else Tree((no,), (id_,), ended)
                    for id_, no, ended, has_children in page
                )
                yield [tree for tree in found if tree is not None and newest not in tree.numbers]
                if len(page) < PAGE:
                    break
                after = page[-1][0]

    def portions(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        """The same in parts that one transaction each can remove soon: a large run is one by itself."""
        numbers = json.dumps([number for tree in trees for number in tree.numbers])
        sizes: dict[int, int] = dict(self._all("count_tasks", numbers))
        parts: list[list[Tree]] = [[]]
        rows = 0
        for tree in trees:
            size = sum(sizes.get(number, 0) for number in tree.numbers)
            if parts[-1] and rows + size > TASKS:
                parts.append([])
                rows = 0
            parts[-1].append(tree)
            rows += size
        return parts

    def remove(self, trees: Sequence[Tree]) -> list[Tree]:
        """One transaction: what is gone. One that was tried again in the meantime stays, also where it has ended again: its end is new.
        So does one with a dead letter that a relay has begun to deliver and has not brought to its end."""
        with transaction(self._connection, "remove"):
            every = json.dumps([run for tree in trees for run in tree.ids])
            awaited = {run for (run,) in self._all("awaited_letters", every)}
            gone = [tree for tree in trees if self._tree(tree.ids[0]) == tree and awaited.isdisjoint(tree.ids)]
            numbers = json.dumps([number for tree in gone for number in tree.numbers])
            ids = json.dumps([run for tree in gone for run in tree.ids])
            for queries, of in ((_OF_NUMBERS, numbers), (_OF_IDS, ids)):
                for query in queries:
                    self._connection.execute(self._queries[query], (of,))
        return gone

    def remove_expired(self, now: float) -> int:
        """Cached results that are too old to be used: how many."""
        with transaction(self._connection, "remove"):
            return self._connection.execute(self._queries["remove_expired"], (now,)).rowcount

    def unused_plans(self, without: frozenset[int] = frozenset()) -> list[str]:
        """Plans that neither a run nor a schedule has, runs with these numbers left aside."""
        return [plan for (plan,) in self._all("unused_plans", json.dumps(list(without)))]

    def remove_plans(self, plans: Sequence[str]) -> int:
        """Those of them that are still unused: how many."""
        if not plans:
            return 0
        with transaction(self._connection, "remove"):
            return self._connection.execute(self._queries["remove_plans"], (json.dumps(plans),)).rowcount

    def known(self, runs: Sequence[str]) -> set[str]:
        """Which of these ids are those of runs."""
        return {run for (run,) in self._all("known_runs", json.dumps(runs))}

    def snapshot(self, marks: tuple[str, str], without: frozenset[int] = frozenset()) -> Snapshot:
        """All of one moment: the first claim, and every kept text with a mark in it, but for runs with these numbers. The texts are
        to be read to their end, or closed."""
        with reading(self._connection):
            self._connection.execute("BEGIN")
            first = self._connection.execute(self._queries["first_claim"]).fetchone()[0]
        return Snapshot(first, self._texts(marks, without))

    def _texts(self, marks: tuple[str, str], without: frozenset[int]) -> Iterator[str]:
        try:
            with reading(self._connection):
                rows = self._connection.execute(self._queries["texts_that_name_files"], marks)
                for run, text in rows:
                    if run not in without:
                        yield text
                named = self._connection.execute(self._queries["schedules_that_name_files"], marks)
                for (text,) in named:
                    yield text
        finally:
            self._connection.execute("COMMIT")

    def shrink(self) -> None:
        """Gives the room of removed rows back to the disk; needs as much room for a while."""
        with reading(self._connection):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def free_bytes(self) -> int:
        """Room in the database that nothing uses."""
        with reading(self._connection):
            pages, size = (
                int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
                for name in ("freelist_count", "page_size")
            )
        return pages * size

    def _tree(self, run: str) -> Tree | None:
        rows = self._all("tree", run)
        if not rows or any(finished is None for _, _, finished in rows):
            return None
        numbers, ids, ends = zip(*rows, strict=True)
        return Tree(numbers, ids, max(ends))

    def _number(self, query: str) -> int | None:
        number: int | None = self._all(query)[0][0]
        return number

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with reading(self._connection):
            return self._connection.execute(self._queries[query], values).fetchall()

"""Removing old runs from a state: whole trees of a run and its child runs, each in one transaction or not at all. What every store that
keeps runs promises of it, and what those in SQL have in common; tests/conformance holds them to it.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

PAGE = 200
"""Runs that are looked at together."""
TASKS = 5000
"""Rows of tasks from which on a transaction takes no further run, so that others are held up for a moment only."""
OF_NUMBERS = (
    "remove_tasks",
    "remove_attempts",
    "remove_events",
    "remove_signals",
    "remove_mail",
    "remove_notices",
    "remove_runs",
)
OF_IDS = ("remove_letters", "remove_cached")
_LAST = "~"
"""After every id."""


class Tree(NamedTuple):
    """An ended run and its child runs: their numbers and ids, and when the last of them ended. The first is the run."""

    numbers: tuple[int, ...]
    ids: tuple[str, ...]
    ended: float


class Snapshot(NamedTuple):
    """What a state says of files at one moment. `first_claim`: when the first of the attempts was claimed that run then; None: none runs.
    `texts`: every text with a mark in it, or at least its parts from each mark on to the next quote."""

    first_claim: float | None
    texts: Iterator[str]


class Removal(Protocol):
    """The newest run of all is never removed. Raises StoreError."""

    def old(self, ended_before: float, keep: int) -> Iterator[list[Tree]]:
        """Runs that ended before that time (seconds since the epoch), oldest first for each workflow, a few at a time; the newest `keep`
        of each are left out, and so are those of which a child run has not ended."""
        ...

    def portions(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        """The same in parts that one transaction each can remove soon: a large run is one by itself."""
        ...

    def remove(self, trees: Sequence[Tree]) -> list[Tree]:
        """One transaction: what is gone. One that was tried again in the meantime stays, also where it has ended again: its end is new.
        So does one with a dead letter that a relay has begun to deliver and has not brought to its end."""
        ...

    def remove_expired(self, now: float) -> int:
        """Cached results that are too old to be used: how many."""
        ...

    def unused_plans(self, without: frozenset[int] = frozenset()) -> list[str]:
        """Plans that neither a run nor a schedule has, runs with these numbers left aside."""
        ...

    def remove_plans(self, plans: Sequence[str]) -> int:
        """Those of them that are still unused: how many."""
        ...

    def known(self, runs: Sequence[str]) -> set[str]:
        """Which of these ids are those of runs."""
        ...

    def folders(self) -> set[str]:
        """The folders of the flow files of all runs and schedules, but for those that one run has for itself."""
        ...

    def snapshot(self, marks: tuple[str, str], without: frozenset[int] = frozenset()) -> Snapshot:
        """All of one moment, but for runs with these numbers. The texts are to be read to their end, or closed."""
        ...

    def shrink(self) -> None:
        """Gives the room of removed rows back, as far as nobody is held up by it for long."""
        ...

    def free_bytes(self) -> int:
        """Room in the database that nothing uses, as far as is known."""
        ...


class SqlRemoval(ABC):
    """What the queries of removal.sql and postgres_removal.sql answer. Lists of values are JSON."""

    def old(self, ended_before: float, keep: int) -> Iterator[list[Tree]]:
        newest: int | None = self._all("newest_number")[0][0]
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

    def folders(self) -> set[str]:
        return {folder for (folder,) in self._all("folders")}

    def portions(self, trees: Sequence[Tree]) -> list[list[Tree]]:
        sizes: dict[int, int] = dict(self._all("count_tasks", numbers_of(trees)))
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

    def unused_plans(self, without: frozenset[int] = frozenset()) -> list[str]:
        return [plan for (plan,) in self._all("unused_plans", json.dumps(list(without)))]

    def known(self, runs: Sequence[str]) -> set[str]:
        return {run for (run,) in self._all("known_runs", json.dumps(runs))}

    def _unchanged(self, trees: Sequence[Tree]) -> list[Tree]:
        """Those that are as they were found, and of which no letter is on its way; asked in the transaction that removes them."""
        awaited = {run for (run,) in self._all("awaited_letters", ids_of(trees))}
        return [tree for tree in trees if self._tree(tree.ids[0]) == tree and awaited.isdisjoint(tree.ids)]

    def _tree(self, run: str) -> Tree | None:
        rows = self._all("tree", run)
        if not rows or any(finished is None for _, _, finished in rows):
            return None
        numbers, ids, ends = zip(*rows, strict=True)
        return Tree(numbers, ids, max(ends))

    @abstractmethod
    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]: ...


def numbers_of(trees: Sequence[Tree]) -> str:
    return json.dumps([number for tree in trees for number in tree.numbers])


def ids_of(trees: Sequence[Tree]) -> str:
    return json.dumps([run for tree in trees for run in tree.ids])

"""Notices and their rules, from the rows that a store in SQL has of them."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from flow_lang.plan import Plan

from flow_engine.errors import FlowError
from flow_engine.notices.contract import Notice, NotifyRule, Waiting

HELD = "WHERE n.failed_at IS NULL AND n.held_by = ? AND n.held_until = ? ORDER BY n.id"
"""What follows `notice_columns` for what a relay has claimed."""
_FAILED = "WHERE n.failed_at IS NOT NULL AND u.namespace = ? ORDER BY n.id DESC LIMIT ?"


class NoticeReads(ABC):
    """What a store in SQL answers about its notices. `_rows` gives those of a named query and what follows it."""

    def __init__(self, plan_of: Callable[[str, str], Plan]) -> None:
        self._plan_of = plan_of

    def rules(self, namespace: str = "default") -> list[NotifyRule]:
        rows = self._rows("notify_rules", "", (namespace,))
        return [
            NotifyRule(name, tuple(event for _, event, *_ in group), *group[0][2:])
            for name, group in ((name, list(found)) for name, found in groupby(rows, lambda row: str(row[0])))
        ]

    def failed(self, namespace: str = "default", limit: int = 100) -> list[Notice]:
        return self._notices(_FAILED, (namespace, limit))

    def backlog(self) -> Waiting:
        return Waiting(*self._rows("notices_that_wait", "", ())[0])

    def _notices(self, rest: str, values: Sequence[Any]) -> list[Notice]:
        return [self._notice(row) for row in self._rows("notice_columns", rest, values)]

    def _notice(self, row: Sequence[Any]) -> Notice:
        number, rule, namespace, sink, event, run, workflow, plan_hash, node, place, attempt, *rest = row
        error, created_at, tries, awaits, trouble, failed_at = rest
        task = "" if node is None else self._key(plan_hash, workflow, node, place)
        of = (number, rule, namespace, sink, event, run, workflow, task, attempt or 0, error, created_at, tries)
        question = "" if awaits is None else str(json.loads(awaits)[2])
        return Notice(*of, question, awaits is None, trouble, failed_at)

    def _key(self, plan_hash: str, workflow: str, node: int, place: int | None) -> str:
        """A plan that cannot be read keeps nobody from hearing of the run."""
        try:
            name = self._plan_of(plan_hash, workflow).workflow.tasks[node].name
        except (FlowError, IndexError):
            return ""
        return name if place is None or place < 0 else f"{name}[{place}]"

    @abstractmethod
    def _rows(self, query: str, rest: str, values: Sequence[Any]) -> list[tuple[Any, ...]]: ...

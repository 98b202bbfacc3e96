"""Notices and their rules in SQL; the statements of notices.sql are those of both dialects."""

import json
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from flow_lang.plan import Plan

from flow_engine.errors import FlowError
from flow_engine.notices.contract import Notice, NotifyRule, Waiting
from flow_engine.stores.tables import Tables

FILE = "notices.sql"
_HELD = "WHERE n.failed_at IS NULL AND n.held_by = ? AND n.held_until = ? ORDER BY n.id"
_FAILED = "WHERE n.failed_at IS NOT NULL AND u.namespace = ? ORDER BY n.id DESC LIMIT ?"


class SqlNotices(Tables):
    _plan_of: Callable[[str, str], Plan]
    """A plan by its hash and its workflow."""

    def put_rule(self, rule: NotifyRule, now: float) -> bool:
        named = (rule.namespace, rule.name)
        known, *_ = self._write(
            ("known_rule", named),
            ("keep_rule", (*named, rule.workflow, rule.sink, now)),
            ("drop_rule_events", named),
            *(("keep_rule_event", (event, *named)) for event in rule.events),
        )
        return not known

    def remove_rule(self, name: str, namespace: str = "default") -> bool:
        steps = ("known_rule", "drop_rule_notices", "drop_rule_events", "drop_rule")
        return bool(self._write(*((step, (namespace, name)) for step in steps))[0])

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Notice]:
        if not self._rows("notice_to_claim", "", (now,)):
            return []  # so that a relay with nothing to do writes nothing
        self._queries.setdefault("held_notices", f"{self._queries['notice_columns']} {_HELD}")
        _, rows = self._write(("claim_notices", (relay, limit, now, until)), ("held_notices", (relay, until)))
        return [self._notice(row) for row in rows]

    def delivered(self, relay: str, numbers: Sequence[int]) -> int:
        return len(self._write(("delivered", (json.dumps(numbers), relay)))[0]) if numbers else 0

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        return bool(self._write(("put_notice_off", (until, trouble, number, relay)))[0])

    def give_up(self, relay: str, number: int, trouble: str, now: float) -> bool:
        return bool(self._write(("give_notice_up", (trouble, now, number, relay)))[0])

    def try_again(self, namespace: str = "default") -> int:
        return len(self._write(("try_notices_again", (namespace,)))[0])

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

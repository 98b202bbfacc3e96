"""Rules by which people are told: judged, shown, and tried out."""

import json
import time
from collections.abc import Sequence
from typing import Any

from flow_engine.errors import Refused
from flow_engine.notices.contract import EVENTS, TASK_FAILED, Notice, NotifyRule

from flow_runtime.notices.sink import Sink, need_sink, sink_of

NAME_LENGTH = 100
DEFAULT_EVENTS = ("run.failed",)


class WrongRule(Refused):
    """`part` is what is wrong: `name`, `event` or `sink`."""

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part


def need_rule(
    name: str, events: Sequence[str], workflow: str | None, sink: Sink, namespace: str = "default"
) -> NotifyRule:
    """Without events it is for runs that fail. Raises WrongRule."""
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise WrongRule("name", f"a rule's name has 1 to {NAME_LENGTH} printable characters")
    for event in events:
        if event not in EVENTS:
            raise WrongRule("event", f"there is no event {event[:100]!r}; there are: {', '.join(EVENTS)}")
    try:
        kept = need_sink(sink).json()
    except Refused as error:
        raise WrongRule("sink", str(error)) from None
    return NotifyRule(name, tuple(dict.fromkeys(events or DEFAULT_EVENTS)), kept, workflow, namespace)


def trial(rule: NotifyRule, by: str) -> Notice:
    """One that tells of nothing but this test; `by` is what sends it."""
    error = json.dumps({"code": "test", "message": f"nothing has failed: this was sent by {by}"})
    of = (TASK_FAILED, "test", rule.workflow or "test", "test", 1, error, time.time(), 1)
    return Notice(time.time_ns(), rule.name, rule.namespace, rule.sink, *of)


def shown(rule: NotifyRule) -> str:
    """Where it tells, for people."""
    try:
        return sink_of(rule.sink).shown()
    except Refused as error:
        return str(error)


def rule_document(rule: NotifyRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "namespace": rule.namespace,
        "events": list(rule.events),
        "workflow": rule.workflow,
        "to": shown(rule),
    }


def notice_document(notice: Notice) -> dict[str, Any]:
    return {
        "event": notice.event,
        "run": notice.run,
        "workflow": notice.workflow,
        "task": notice.task,
        "rule": notice.rule,
        "tries": notice.tries,
        "trouble": notice.trouble,
    }

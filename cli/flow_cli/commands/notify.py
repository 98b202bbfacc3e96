"""`flow notify`: the rules by which people are told, and what could not be told."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, TypeVar

from flow_engine.errors import Refused
from flow_engine.notices.contract import EVENTS, TASK_FAILED, Notice, NotifyRule
from flow_engine.stores.contract import Store
from flow_runtime.notices.delivery import Delivery
from flow_runtime.notices.sink import Sink, need_sink, sink_of
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.state_folder import find_state
from flow_runtime.state_store import open_store

from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted, printable

T = TypeVar("T")
NAME_LENGTH = 100
DEFAULT = ("run.failed",)


def add(name: str, events: Sequence[str], workflow: str | None, sink: Sink) -> int:
    rule = _checked(name, tuple(events) or DEFAULT, workflow, sink)
    is_new = _with_store(lambda store: store.notices.put_rule(rule, time.time()))
    print(f"{'kept' if is_new else 'replaced'}: {_line(rule)}")
    print(f"try it with: flow notify test {name}", file=sys.stderr)
    return exits.OK


def list_rules(as_json: bool) -> int:
    rules = _with_store(lambda store: store.notices.rules())
    if as_json:
        print(json.dumps({"rules": [_rule_document(rule) for rule in rules]}))
        return exits.OK
    for rule in rules:
        print(_line(rule))
    if not rules:
        print(
            "nobody is told of anything yet; for example: flow notify add ops --mail ops@example.com", file=sys.stderr
        )
    return exits.OK


def remove(name: str) -> int:
    if not _with_store(lambda store: store.notices.remove_rule(name)):
        raise _unknown(name)
    return exits.OK


def try_out(name: str) -> int:
    """From here, with the environment of this command."""
    rules = _with_store(lambda store: store.notices.rules())
    rule = next((rule for rule in rules if rule.name == name), None)
    if rule is None:
        raise _unknown(name)
    error = json.dumps({"code": "test", "message": "nothing has failed: this was sent by `flow notify test`"})
    number = time.time_ns()
    notice = Notice(
        number,
        name,
        rule.namespace,
        rule.sink,
        TASK_FAILED,
        "test",
        rule.workflow or "test",
        "test",
        1,
        error,
        time.time(),
        1,
    )
    with closing(Delivery()) as delivery:
        try:
            delivery.send(notice)
        except NotDelivered as trouble:
            raise CommandError(exits.FAILED, "not-delivered", str(trouble)) from None
    print(f"sent: {sink_of(rule.sink).shown()}")
    return exits.OK


def failed(as_json: bool) -> int:
    notices = _with_store(lambda store: store.notices.failed())
    if as_json:
        print(json.dumps({"notices": [_notice_document(notice) for notice in notices]}))
        return exits.OK
    for notice in notices:
        print(f"{notice.event:<17} {notice.run}  {printable(notice.rule)}: {printable(notice.trouble or '')}")
    if notices:
        print("try them again with: flow notify retry", file=sys.stderr)
    return exits.OK


def retry() -> int:
    count = _with_store(lambda store: store.notices.try_again())
    print(f"{counted(count, 'notice')} will be tried again")
    return exits.OK


def _checked(name: str, events: tuple[str, ...], workflow: str | None, sink: Sink) -> NotifyRule:
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise CommandError(exits.USAGE, "name", f"a rule's name has 1 to {NAME_LENGTH} printable characters")
    for event in events:
        if event not in EVENTS:
            raise CommandError(
                exits.USAGE, "event", f"there is no event {event[:100]!r}; there are: {', '.join(EVENTS)}"
            )
    try:
        return NotifyRule(name, tuple(dict.fromkeys(events)), need_sink(sink).json(), workflow)
    except Refused as error:
        raise CommandError(exits.USAGE, "sink", str(error)) from None


def _line(rule: NotifyRule) -> str:
    of = f" of {printable(rule.workflow)}" if rule.workflow else ""
    return f"{printable(rule.name):<16} {', '.join(rule.events)}{of}  ->  {printable(_shown(rule))}"


def _shown(rule: NotifyRule) -> str:
    try:
        return sink_of(rule.sink).shown()
    except Refused as error:
        return str(error)


def _rule_document(rule: NotifyRule) -> dict[str, Any]:
    return {"name": rule.name, "events": list(rule.events), "workflow": rule.workflow, "to": _shown(rule)}


def _notice_document(notice: Notice) -> dict[str, Any]:
    return {
        "event": notice.event,
        "run": notice.run,
        "workflow": notice.workflow,
        "task": notice.task,
        "rule": notice.rule,
        "tries": notice.tries,
        "trouble": notice.trouble,
    }


def _unknown(name: str) -> CommandError:
    return CommandError(
        exits.USAGE, "rule", f"there is no rule {name[:NAME_LENGTH]!r}; flow notify list shows those that there are"
    )


def _with_store(job: Callable[[Store], T]) -> T:
    with closing(open_store(find_state(os.getcwd()))) as store:
        return job(store)

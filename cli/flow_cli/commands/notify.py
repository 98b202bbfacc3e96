"""`flow notify`: the rules by which people are told, and what could not be told."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TypeVar

from flow_engine.notices.contract import NotifyRule
from flow_engine.stores.contract import Store
from flow_runtime.notices.delivery import Delivery
from flow_runtime.notices.rules import NAME_LENGTH, WrongRule, need_rule, notice_document, rule_document, shown, trial
from flow_runtime.notices.sink import Sink
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.state_folder import find_state
from flow_runtime.state_store import open_store

from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted, printable

T = TypeVar("T")


def add(name: str, events: Sequence[str], workflow: str | None, sink: Sink) -> int:
    try:
        rule = need_rule(name, events, workflow, sink)
    except WrongRule as error:
        raise CommandError(exits.USAGE, error.part, str(error)) from None
    is_new = _with_store(lambda store: store.notices.put_rule(rule, time.time()))
    print(f"{'kept' if is_new else 'replaced'}: {_line(rule)}")
    print(f"try it with: flow notify test {name}", file=sys.stderr)
    return exits.OK


def list_rules(as_json: bool) -> int:
    rules = _with_store(lambda store: store.notices.rules())
    if as_json:
        print(json.dumps({"rules": [rule_document(rule) for rule in rules]}))
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
    with closing(Delivery()) as delivery:
        try:
            delivery.send(trial(rule, "`flow notify test`"))
        except NotDelivered as trouble:
            raise CommandError(exits.FAILED, "not-delivered", str(trouble)) from None
    print(f"sent: {shown(rule)}")
    return exits.OK


def failed(as_json: bool) -> int:
    notices = _with_store(lambda store: store.notices.failed())
    if as_json:
        print(json.dumps({"notices": [notice_document(notice) for notice in notices]}))
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


def _line(rule: NotifyRule) -> str:
    of = f" of {printable(rule.workflow)}" if rule.workflow else ""
    return f"{printable(rule.name):<16} {', '.join(rule.events)}{of}  ->  {printable(shown(rule))}"


def _unknown(name: str) -> CommandError:
    return CommandError(
        exits.USAGE, "rule", f"there is no rule {name[:NAME_LENGTH]!r}; flow notify list shows those that there are"
    )


def _with_store(job: Callable[[Store], T]) -> T:
    with closing(open_store(find_state(os.getcwd()))) as store:
        return job(store)

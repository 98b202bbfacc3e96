"""`flow notify`: the rules by which people are told, and what could not be told."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from flow_runtime.notices.rules import NAME_LENGTH
from flow_runtime.notices.sink import Sink

from flow_cli import exits
from flow_cli.backends.notify import Document, Rules, UnknownRule
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted, printable

T = TypeVar("T")


def add(place: Rules, name: str, events: Sequence[str], workflow: str | None, sink: Sink) -> int:
    rule = place.put(name, events, workflow, sink)
    print(f"{'kept' if rule['created'] else 'replaced'}: {_line(rule)}")
    print(f"try it with: flow notify test {name}", file=sys.stderr)
    return exits.OK


def list_rules(place: Rules, as_json: bool) -> int:
    rules = place.list()
    if as_json:
        print(json.dumps({"rules": list(rules)}))
        return exits.OK
    for rule in rules:
        print(_line(rule))
    if not rules:
        print(
            "nobody is told of anything yet; for example: flow notify add ops --mail ops@example.com", file=sys.stderr
        )
    return exits.OK


def remove(place: Rules, name: str) -> int:
    _known(name, lambda: place.remove(name))
    return exits.OK


def try_out(place: Rules, name: str) -> int:
    print(f"sent: {_known(name, lambda: place.try_out(name))}")
    return exits.OK


def failed(place: Rules, as_json: bool) -> int:
    notices = place.failed()
    if as_json:
        print(json.dumps({"notices": list(notices)}))
        return exits.OK
    for notice in notices:
        print(
            f"{notice['event']:<17} {notice['run']}  {printable(notice['rule'])}: {printable(notice['trouble'] or '')}"
        )
    if notices:
        print("try them again with: flow notify retry", file=sys.stderr)
    return exits.OK


def retry(place: Rules) -> int:
    print(f"{counted(place.retry(), 'notice')} will be tried again")
    return exits.OK


def _line(rule: Document) -> str:
    of = f" of {printable(rule['workflow'])}" if rule["workflow"] else ""
    return f"{printable(rule['name']):<16} {', '.join(rule['events'])}{of}  ->  {printable(rule['to'])}"


def _known(name: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except UnknownRule:
        raise CommandError(
            exits.USAGE,
            "rule",
            f"there is no rule {name[:NAME_LENGTH]!r}; flow notify list shows those that there are",
        ) from None

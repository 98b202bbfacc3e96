"""`flow approve`, `flow signal`: answering what a run waits for."""

import getpass
import json
import sys
from typing import Any

from flow_cli import exits
from flow_cli.backends.contract import Backend
from flow_cli.failure import CommandError
from flow_cli.progress.text import printable


def approve(place: Backend, run: str, task: str | None, reject: bool) -> int:
    chosen = place.approve(place.find(run), task, not reject, _who())
    done = "rejected" if reject else "approved"
    print(f"{done} {chosen.key} of run {chosen.run}: {printable(chosen.text)}", file=sys.stderr)
    return exits.OK


def signal(place: Backend, run: str, event: str, value: str | None) -> int:
    sent = place.signal(place.find(run), event, _value(value), _who())
    if sent.takers:
        told = ", ".join(f"{task} of run {of}" for of, task in sent.takers)
        print(f"{event} goes to {told}", file=sys.stderr)
        return exits.OK
    now = f"; now it waits for: {', '.join(sent.open)}" if sent.open else ""
    print(f"nothing of run {sent.run} waits for {event} yet; it is kept for what will{now}", file=sys.stderr)
    return exits.OK


def _value(text: str | None) -> Any:
    """JSON, or else the text itself."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=_no_json)
    except ValueError:
        if text[:1] in ("{", "[", '"'):
            raise CommandError(exits.USAGE, "value", f"the value is no JSON: {text[:80]}") from None
        return text


def _no_json(name: str) -> Any:
    """`NaN` and the like, which Python reads and JSON does not have, are texts."""
    raise ValueError(name)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an id without a name
        return ""

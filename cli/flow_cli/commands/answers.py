"""`flow approve`, `flow signal`: answering what a run waits for."""

import getpass
import json
import sys
from typing import Any

from flow_runtime.signals import approve as answer_approval
from flow_runtime.signals import send_event, waiting

from flow_cli import exits
from flow_cli.commands.runs import find_run, here
from flow_cli.failure import CommandError
from flow_cli.progress.text import printable


def approve(run: str, task: str | None, reject: bool) -> int:
    _, store = here()
    chosen = answer_approval(store, find_run(store, run), task, not reject, _who())
    print(
        f"{'rejected' if reject else 'approved'} {chosen.key} of run {chosen.run}: {printable(chosen.awaits.text)}",
        file=sys.stderr,
    )
    return exits.OK


def signal(run: str, event: str, value: str | None) -> int:
    _, store = here()
    record = find_run(store, run)
    takers = send_event(store, record, event, _value(value), _who())
    if takers:
        print(f"{event} goes to {', '.join(f'{item.key} of run {item.run}' for item in takers)}", file=sys.stderr)
        return exits.OK
    open_ = sorted({item.awaits.name for item in waiting(store, record) if item.awaits.kind == "event"})
    now = f"; now it waits for: {', '.join(open_)}" if open_ else ""
    print(f"nothing of run {record.id} waits for {event} yet; it is kept for what will{now}", file=sys.stderr)
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

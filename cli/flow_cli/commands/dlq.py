"""`flow dlq list`, `show`, `drop`: dead letters are looked at, and left as they are. `replay` is in a file of its own (replay.py)."""

import json
import sys
import time
from datetime import datetime

from flow_engine.dead_letters.contract import OPEN, STATES, LetterFilter
from flow_lang.values import parse_duration

from flow_cli import exits
from flow_cli.backends.contract import Backend
from flow_cli.failure import CommandError
from flow_cli.progress.text import printable


def filter_of(workflow: str | None, since: str | None, state: str, limit: int, before: int | None) -> LetterFilter:
    if state not in (*STATES, "all"):
        known = ", ".join((*STATES, "all"))
        raise CommandError(exits.USAGE, "letter_state", f"a dead letter is never {state}; its states are: {known}")
    begin = None if since is None else _begin_of(since)
    return LetterFilter(None if state == "all" else state, workflow, begin, before, limit)


def _begin_of(text: str) -> float:
    """Seconds since the epoch."""
    try:
        return time.time() - parse_duration(text.strip()).total_seconds()
    except ValueError:
        pass  # then it is a time
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError):
        message = f"--since wants a duration such as 2h or 3d, or a time such as 2026-01-31, not {text!r}"
        raise CommandError(exits.USAGE, "since", message) from None


def list_letters(wanted: LetterFilter, as_json: bool, place: Backend) -> int:
    letters, more = place.letters(wanted)
    if as_json:
        print(json.dumps({"letters": letters, "next": more}, ensure_ascii=False))
        return exits.OK
    if not letters:
        print(f"no {'' if wanted.state is None else wanted.state + ' '}dead letters", file=sys.stderr)
        return exits.OK
    width = max(2, *(len(letter["id"]) for letter in letters))
    print(f"{'ID':<{width}}  {'FAILED AT':<19}  {'STATE':<8}  WORKFLOW TASK: ERROR")
    for letter in letters:
        at = datetime.fromisoformat(letter["failed_at"]).astimezone()
        what = printable(f"{letter['workflow']} {letter['task']['key']}: {letter['error'].get('code', 'unknown')}")
        print(f"{letter['id']:<{width}}  {at:%Y-%m-%d %H:%M:%S}  {letter['state']:<8}  {what}")
    if more is not None:
        print(f"there may be more: --before {more}", file=sys.stderr)
    return exits.OK


def show(id_: str, as_json: bool, place: Backend) -> int:
    found = place.letter(id_)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return exits.OK
    error = found["error"]
    print(f"letter    {found['id']}\nrun       {found['run']}\nworkflow  {found['workflow']}")
    print(f"task      {found['task']['key']}\nattempt   {found['attempt']}\ntopic     {found['topic']}")
    print(f"failed    {found['failed_at']}\nstate     {found['state']}")
    for name in ("replayed_at", "dropped_at", "exported_at"):
        if found[name] is not None:
            print(f"{name.removesuffix('_at'):<9} {found[name]}")
    print(f"error     {printable(str(error.get('code')))}: {printable(str(error.get('message')))}")
    if found["state"] == OPEN:
        print(f"\ntry it again: flow dlq replay {found['id']}", file=sys.stderr)
    return exits.OK


def drop(id_: str, place: Backend) -> int:
    state = place.drop_letter(id_)
    if not state:
        print(f"dead letter {id_} was dropped", file=sys.stderr)
        return exits.OK
    raise CommandError(exits.USAGE, "not_open", f"dead letter {id_} is not open any more: it was {state}")

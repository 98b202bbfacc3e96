"""`flow dlq list`, `show`, `drop`: dead letters are looked at, and left as they are."""

import json
import sys
import time
from datetime import datetime
from typing import Any

from flow_engine.dead_letters.contract import OPEN, STATES, Letter, LetterFilter
from flow_engine.dead_letters.payload import payload
from flow_lang.values import parse_duration
from flow_runtime.document import moment

from flow_cli import exits
from flow_cli.commands.runs import here
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


def list_letters(wanted: LetterFilter, as_json: bool) -> int:
    _, store = here()
    letters = store.letters.page(wanted)
    more = letters[-1].number if len(letters) == wanted.limit else None
    if as_json:
        print(json.dumps({"letters": [document(letter) for letter in letters], "next": more}, ensure_ascii=False))
        return exits.OK
    if not letters:
        print(f"no {'' if wanted.state is None else wanted.state + ' '}dead letters", file=sys.stderr)
        return exits.OK
    width = max(2, *(len(letter.id) for letter in letters))
    print(f"{'ID':<{width}}  {'FAILED AT':<19}  {'STATE':<8}  WORKFLOW TASK: ERROR")
    for letter in letters:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(letter.created_at))
        what = printable(f"{letter.workflow} {letter.key}: {document(letter)['error'].get('code', 'unknown')}")
        print(f"{letter.id:<{width}}  {at}  {letter.state:<8}  {what}")
    if more is not None:
        print(f"there may be more: --before {more}", file=sys.stderr)
    return exits.OK


def show(id_: str, as_json: bool) -> int:
    _, store = here()
    letter = store.letters.letter(id_)
    found = document(letter)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return exits.OK
    error = found["error"]
    print(f"letter    {letter.id}\nrun       {letter.run}\nworkflow  {letter.workflow}\ntask      {letter.key}")
    print(
        f"attempt   {letter.attempt}\ntopic     {letter.topic}\nfailed    {found['failed_at']}\nstate     {letter.state}"
    )
    for name in ("replayed_at", "dropped_at", "exported_at"):
        if found[name] is not None:
            print(f"{name.removesuffix('_at'):<9} {found[name]}")
    print(f"error     {printable(str(error.get('code')))}: {printable(str(error.get('message')))}")
    if letter.state == OPEN:
        print(f"\ntry it again: flow dlq replay {letter.id}", file=sys.stderr)
    return exits.OK


def drop(id_: str) -> int:
    _, store = here()
    if store.letters.drop(id_, time.time()):
        print(f"dead letter {id_} was dropped", file=sys.stderr)
        return exits.OK
    state = store.letters.letter(id_).state
    raise CommandError(exits.USAGE, "not_open", f"dead letter {id_} is not open any more: it was {state}")


def document(letter: Letter) -> dict[str, Any]:
    """The message that is exported, with what became of the letter here."""
    message: dict[str, Any] = json.loads(payload(letter))
    return {
        **message,
        "topic": letter.topic,
        "state": letter.state,
        "dropped_at": moment(letter.dropped_at),
        "exported_at": moment(letter.exported_at),
    }

"""The parts in which many dead letters are sent to a server, and what is told where one of them fails."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from flow_client.errors import ClientError, Problem, WrongAddress
from flow_engine.dead_letters.contract import LetterFilter

from flow_cli.failure import CommandError
from flow_cli.guard import of_server
from flow_cli.progress.text import counted

Part = dict[str, list[str]]
"""Ids of dead letters by run."""
_NAMED = 5
"""Runs that are named to people; the JSON document has all."""


def parts_of(chosen: Part, most: int) -> list[Part]:
    """Each run is in one part, and each part has at most so many letters; so has each run."""
    parts: list[Part] = []
    room = 0
    for run, letters in chosen.items():
        if len(letters) > room:
            parts.append({})
            room = most
        parts[-1][run] = letters
        room -= len(letters)
    return parts


def ids_of(part: Part) -> list[str]:
    return [letter for letters in part.values() for letter in letters]


def cut_off(
    error: ClientError,
    begun: Part,
    part: Part,
    later: Sequence[Part],
    wanted: LetterFilter,
    texts: Mapping[str, str],
    url: str,
) -> CommandError:
    """`part` has failed, after those of `begun` were replayed and before the `later` ones were sent."""
    left = {run: letters for one in later for run, letters in one.items()}
    # what the server refuses it has not begun; of another failure only the answer may be missing
    unknown: Part = {}
    if isinstance(error, WrongAddress) or (isinstance(error, Problem) and error.status < 500):
        left = part | left
    else:
        unknown = part
    told = of_server(error)
    command = _command(wanted, texts, url)
    message = f"{told.message}; {counted(len(ids_of(begun)), 'dead letter')} had been replayed; go on with: {command}"
    details = {"replayed": ids_of(begun), "unknown": ids_of(unknown), "not_replayed": ids_of(left)}
    found = CommandError(told.code, told.kind, message, **told.details, **details)
    lines = [f"error: {told.message}"]
    lines += _lines("replayed, and the server goes on with them", begun)
    lines += _lines("perhaps replayed, since the answer is missing", unknown)
    lines += _lines("not replayed", left)
    found.text = "\n".join([*lines, f"go on with what is still open: {command}"])
    return found


def _lines(what: str, part: Part) -> list[str]:
    if not part:
        return []
    named = ", ".join(list(part)[:_NAMED]) + (f" and {len(part) - _NAMED:,} more" if len(part) > _NAMED else "")
    return [f"{what}: {counted(len(ids_of(part)), 'dead letter')} of {counted(len(part), 'run')}: {named}"]


def _command(wanted: LetterFilter, texts: Mapping[str, str], url: str) -> str:
    """The time is absolute: `--since 2d` would leave out what was just within it."""
    words = ["flow", "dlq", "replay", "--all"]
    if wanted.workflow is not None:
        words += ["--workflow", wanted.workflow]
    if wanted.since is not None:
        words += ["--since", datetime.fromtimestamp(wanted.since, UTC).isoformat()]
    words += [word for name, text in texts.items() for word in ("--set", f"{name}={text}")]
    return shlex.join([*words, "--url", url])

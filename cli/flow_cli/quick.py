"""Recognizes the forms of `flow run` that need no command-line library."""

import os

from flow_cli.request import MOST_SLOTS, RunRequest


def quick_run(arguments: list[str]) -> RunRequest | None:
    """The request of `run FILE [-p name=value]... [--slots N] [--json] [--quiet]`; None for anything else, and where a server is to run it."""
    if len(arguments) < 2 or arguments[0] != "run" or os.environ.get("FLOW_URL"):
        return None
    files: list[str] = []
    params: list[str] = []
    slots: int | None = None
    as_json = quiet = False
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in ("-p", "--param"):
            value = next(rest, None)
            if value is None or "=" not in value:
                return None
            params.append(value)
        elif argument == "--slots":
            slots = _count(next(rest, ""))
            if slots is None:
                return None
        elif argument == "--json":
            as_json = True
        elif argument in ("-q", "--quiet"):
            quiet = True
        elif argument.startswith("-"):
            return None
        else:
            files.append(argument)
    if len(files) != 1:
        return None
    return RunRequest(files[0], tuple(params), json=as_json, slots=slots, quiet=quiet)


def _count(text: str) -> int | None:
    """A number of slots; what is none is left to the full command line, which says so."""
    given = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    return given if 1 <= given <= MOST_SLOTS else None

"""`flow run`: checks the file, keeps the run, and works on it, or watches it on a server, to its end. `flow submit` leaves it to others."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from flow_cli import exits
from flow_cli.backends.open import backend, runner
from flow_cli.commands.watch import report, watch
from flow_cli.failure import CommandError
from flow_cli.guard import guarded
from flow_cli.request import RunRequest

BULK = 1000
"""Runs that are submitted together, all or none."""


def run(request: RunRequest, last: bool = False) -> int:
    """The exit code. `last`: the process ends next."""
    return guarded(lambda: _run(request, last), request.json)


def _run(request: RunRequest, last: bool) -> int:
    if request.resume:
        place = backend(request.url, make=True)
        record = place.run(request.resume)
        if record.finished_at is not None:
            return report(place, record, request)
    with runner(request.url).start(request, last) as watched:
        return watch(watched, request)


def submit(files: Sequence[str], request: RunRequest, lines: str | None, count: int, key: str | None) -> int:
    """Begins runs of each file and does not wait for them."""
    wishes = _wishes(lines, count, key)
    told: list[tuple[str, bool]] = []
    for number, file in enumerate(files):
        given = [_for_file(wish, number if len(files) > 1 else None) for wish in wishes]
        for start in range(0, len(given), BULK):
            told += runner(request.url).submit(request._replace(file=file), given[start : start + BULK])
    if request.json:
        print(json.dumps({"runs": [{"run": run, "created": created} for run, created in told]}))
        return exits.OK
    print(*(run for run, _ in told), sep="\n")
    if again := sum(not created for _, created in told):
        print(f"{again:,} of {len(told):,} had been submitted before", file=sys.stderr)
    return exits.OK


def _wishes(lines: str | None, count: int, key: str | None) -> list[dict[str, Any]]:
    """What each run has beside the parameters of the command line. With a key, each run has one of its own made of it."""
    wishes: list[dict[str, Any]] = [{} for _ in range(count)] if lines is None else _read(lines)
    if key is not None:
        single = lines is None and count == 1
        for number, wish in enumerate(wishes):
            wish.setdefault("idempotency_key", key if single else f"{key}:{number}")
    return wishes


def _for_file(wish: dict[str, Any], number: int | None) -> dict[str, Any]:
    """The same key for two files would be a conflict."""
    if number is None or "idempotency_key" not in wish:
        return wish
    return {**wish, "idempotency_key": f"{wish['idempotency_key']}:{number}"}


def _read(path: str) -> list[dict[str, Any]]:
    wishes = []
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                wishes.append(_wish(path, number, line))
    if not wishes:
        raise CommandError(exits.USAGE, "lines", f"{path} has no line; each is one run, as in {_EXAMPLE}")
    return wishes


def _wish(path: str, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise CommandError(exits.USAGE, "lines", f"{path}:{number} is not JSON: {error}") from None
    kinds = {"params": dict, "idempotency_key": str, "priority": int, "labels": list}
    if not isinstance(found, dict) or not all(isinstance(found[name], kinds.get(name, ())) for name in found):
        raise CommandError(exits.USAGE, "lines", f"{path}:{number} is no run; write it as {_EXAMPLE}")
    return found


_EXAMPLE = '{"params": {"day": "2026-01-31"}, "idempotency_key": "day-31"}, also with "priority" and "labels"'

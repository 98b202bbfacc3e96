"""`flow logs`: what bodies wrote."""

import sys

from flow_cli import exits
from flow_cli.backends.contract import Backend
from flow_cli.progress.text import printable


def logs(place: Backend, run: str | None, task: str | None, attempt: int | None, follow: bool) -> int:
    record = place.find(run)
    terminal = sys.stdout.isatty()
    title = ""
    for piece in place.logs(record, task, attempt, follow):
        if piece.title != title:
            title = piece.title
            print(title)
        print(printable(piece.text) if terminal else piece.text, end="", flush=piece.text.endswith("\n"))
    if not title:
        of = f"{task} of " if task is not None else ""
        at = f" in attempt {attempt}" if attempt is not None else ""
        print(f"{of}run {record.id} has written nothing{at}", file=sys.stderr)
    return exits.OK

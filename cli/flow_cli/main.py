"""The entry. `flow run FILE` of the plainest form goes to its command directly, so that it does not pay for the full command line;
everything else, help and wrong usage too, goes to the typer application, which has the same command.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from typer import Typer


def main() -> None:
    try:
        _run()
    except KeyboardInterrupt:  # before a command had begun, which handles its own
        from flow_cli import exits

        print("error: interrupted", file=sys.stderr)
        sys.exit(exits.INTERRUPTED)


def _run() -> None:
    from flow_cli.quick import quick_run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # names of files may be no Unicode; in JSON this is their escape
    arguments = sys.argv[1:]
    request = quick_run(arguments)
    if request is not None:
        from flow_cli.commands.run import run

        _leave(run(request, last=True))
    from flow_cli.app import app

    if "--json" in arguments:
        sys.exit(_usage_as_document(app))
    app(prog_name="flow")


def _leave(code: int) -> NoReturn:
    """Ends the process as it is: to take an interpreter apart takes longer than a short run."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # whoever read it is gone; Python has its own way to say so
    os._exit(code)


def _usage_as_document(app: "Typer") -> int:
    """The exit code. A wrong usage is one document too."""
    from flow_cli import exits
    from flow_cli.failure import CommandError
    from flow_cli.guard import tell

    try:
        return int(app(prog_name="flow", standalone_mode=False) or exits.OK)
    except Exception as error:
        message = getattr(
            error, "format_message", None
        )  # click's own; where click is differs between versions of typer
        if message is None:
            raise
        return tell(CommandError(exits.USAGE, "usage", message()), as_json=True)


if __name__ == "__main__":
    main()

"""Runs a command's body and turns every expected error into a message and an exit code."""

import json
import os
import sys
from collections.abc import Callable

from flow_engine.errors import FlowError, UnknownRun

from flow_cli import exits
from flow_cli.failure import CommandError


def guarded(body: Callable[[], int], as_json: bool = False) -> int:
    """The exit code of `body`. With `as_json`, an error is one JSON document on standard output."""
    try:
        return body()
    except CommandError as error:
        return _tell(error, as_json)
    except UnknownRun as error:
        return _tell(CommandError(exits.USAGE, "unknown_run", str(error)), as_json)
    except FlowError as error:
        return _tell(CommandError(exits.UNREACHABLE, "state", str(error)), as_json)
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.FAILED


def _tell(error: CommandError, as_json: bool) -> int:
    if as_json:
        print(
            json.dumps({"error": {"code": error.kind, "message": error.message, **error.details}}, ensure_ascii=False)
        )
    else:
        print(error.text or f"error: {error.message}", file=sys.stderr)
    return error.code

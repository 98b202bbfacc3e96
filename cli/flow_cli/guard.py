"""Runs a command's body and turns every expected error into a message and an exit code."""

import json
import os
import sys
from collections.abc import Callable

from flow_client.errors import ClientError, Problem, WrongAddress
from flow_engine.errors import (
    FlowError,
    Refused,
    UnknownLetter,
    UnknownPool,
    UnknownRun,
    UnknownSchedule,
    UnknownWorkflow,
)

from flow_cli import exits
from flow_cli.failure import CommandError


def guarded(body: Callable[[], int], as_json: bool = False) -> int:
    """The exit code of `body`. With `as_json`, whatever ends it early is one JSON document on standard output."""
    try:
        code = body()
        sys.stdout.flush()
    except CommandError as error:
        return tell(error, as_json)
    except FlowError as error:
        return tell(_of_state(error), as_json)
    except KeyboardInterrupt:
        return tell(CommandError(exits.INTERRUPTED, "interrupted", "interrupted"), as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.FAILED
    except OSError as error:
        what = os.fsdecode(error.filename) + ": " if isinstance(error.filename, str | bytes) else ""
        return tell(CommandError(exits.USAGE, "io", f"{what}{error.strerror or error}"), as_json)
    except ClientError as error:
        return tell(of_server(error), as_json)
    except Exception as error:  # noqa: BLE001  a person is told in one line what and where
        return tell(CommandError(exits.FAILED, "internal", _unforeseen(error)), as_json)
    return code


def _of_state(error: FlowError) -> CommandError:
    """What is not there and what is refused is wrong usage; anything else is the state's trouble."""
    kinds = (
        (UnknownRun, "unknown_run"),
        (UnknownLetter, "unknown_letter"),
        (UnknownSchedule, "unknown_schedule"),
        (UnknownWorkflow, "unknown_workflow"),
        (UnknownPool, "unknown_pool"),
        (Refused, "refused"),
    )
    for kind, code in kinds:
        if isinstance(error, kind):
            return CommandError(exits.USAGE, code, str(error))
    return CommandError(exits.UNREACHABLE, "state", str(error))


def of_server(error: ClientError) -> CommandError:
    """What a server refuses is wrong usage; what it cannot do, or that it is not there, is told by another exit code."""
    if isinstance(error, Problem):
        code = exits.UNREACHABLE if error.status >= 500 else exits.USAGE
        details = {name: error.members[name] for name in ("diagnostics", "run", "field") if name in error.members}
        return CommandError(code, error.kind.replace("-", "_"), error.detail, **details)
    if isinstance(error, WrongAddress):
        return CommandError(exits.USAGE, "url", str(error))
    return CommandError(exits.UNREACHABLE, "server", str(error))


def _unforeseen(error: Exception) -> str:
    from flow_runtime.unexpected import run_of, unexpected  # most commands never need it

    run = run_of(error)
    return unexpected(error) if run is None else f"run {run}: {unexpected(error)}"


def tell(error: CommandError, as_json: bool) -> int:
    """The exit code, after the message or the document."""
    if as_json:
        print(
            json.dumps({"error": {"code": error.kind, "message": error.message, **error.details}}, ensure_ascii=False)
        )
    else:
        print(error.text or f"error: {error.message}", file=sys.stderr)
    return error.code

"""What is told of an error that nobody foresaw: a defect of Flow, or a state that something else has damaged."""

import os
import traceback
from collections.abc import Mapping
from typing import Any

from flow_engine.decisions.graph import RunGraph
from flow_engine.errors import FlowError
from flow_engine.model import Claim, Completion, Hint, RunRecord, Started, TaskRef

_LIBRARY = os.path.dirname(os.__file__) + os.sep


TRACEBACK = "FLOW_TRACEBACK"
"""With it in the environment, and not empty or `0`, the traceback goes to standard error too."""


def unexpected(error: Exception) -> str:
    """One line, with the place, so that a person can report it."""
    if isinstance(error, FlowError):
        return str(error)
    if os.environ.get(TRACEBACK, "0") not in ("", "0"):
        traceback.print_exception(error)
    found = list(traceback.extract_tb(error.__traceback__))
    frames = [frame for frame in found if not _is_of_python(frame.filename)] or found
    where = f", at {frames[-1].name} in {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return (
        f"{type(error).__name__}: {error}{where}; the state is damaged, or this is a defect of Flow: please report it "
        f"(with what {TRACEBACK}=1 adds)"
    )


def _is_of_python(file: str) -> bool:
    """Whether it is of the standard library, which says less than who called it."""
    return file.startswith(_LIBRARY) and "site-packages" not in file


def run_of(error: Exception) -> str | None:
    """The id of the run that was being worked on: the innermost function that has one in hand had it. None where none had."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((run for frame in reversed(frames) if (run := _run_in(frame.f_locals)) is not None), None)


def _run_in(names: Mapping[str, Any]) -> str | None:
    for name in ("run", "run_id"):
        if isinstance(names.get(name), str):
            return str(names[name])
    for value in names.values():
        if isinstance(value, RunGraph | TaskRef):
            return value.run
        if isinstance(value, Claim | Completion | Hint | Started):
            return value.task.run
        if isinstance(value, RunRecord):
            return value.id
    return None

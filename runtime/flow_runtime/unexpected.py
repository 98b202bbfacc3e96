"""What is told of an error that nobody foresaw: a defect of Flow, or a state that something else has damaged."""

import traceback

from flow_engine.errors import FlowError


def unexpected(error: Exception) -> str:
    """One line, with the place, so that a person can report it."""
    if isinstance(error, FlowError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f", at {frames[-1].name} in {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return (
        f"{type(error).__name__}: {error}{where}; the state is damaged, or this is a defect of Flow: please report it"
    )

"""What a slot's answer means for the attempt."""

import os
from typing import Any

from flow_engine.model import Cancelled, Failed, Lost, Outcome, Released, Succeeded

from flow_runtime.dispatch import failed, over
from flow_runtime.wire import dumps


def outcome_of(message: dict[str, Any]) -> Outcome:
    """What a slot's answer means."""
    if "void" in message:
        return Released()
    if "lost" in message:
        return Lost(message["lost"])
    if "died" in message:
        return _death(message["died"], message["why"])
    if "cancelled" in message:
        return ended(message["cancelled"])
    if "code" in message:
        return _failure(message)
    return Succeeded(message["result"])


def _failure(message: dict[str, Any]) -> Failed:
    error = message["error"]
    return Failed(message["code"], dumps(error), message.get("retryable", True), error.get("retry_after", 0.0))


def ended(why: str) -> Outcome:
    return over(why) if why in ("timeout", "deadline") else Cancelled("the run was cancelled")


def _death(status: int, why: str) -> Outcome:
    """A slot that died took its body with it: on demand, or because the body ended the process."""
    if why:
        return ended(why)
    code = os.waitstatus_to_exitcode(status)
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return failed("crashed", f"the body ended its process ({how}) instead of returning")

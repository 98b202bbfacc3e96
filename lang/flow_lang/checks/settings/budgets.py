"""How long a task may take by its settings."""

from datetime import timedelta

from flow_lang.checks.settings.kinds import Settings
from flow_lang.diagnostics import Label, Report
from flow_lang.plan import Retry
from flow_lang.values import to_text


def check_times(found: Settings, own: Settings, report: Report) -> None:
    """A deadline bounds an attempt, and all attempts with the pauses between them. `own` are what the task itself says, without the
    workflow's defaults; an attempt that may take longer by default is simply ended by the deadline."""
    if found.deadline is None or "deadline" not in found.given:
        return
    deadline = found.given["deadline"]
    label = (Label(deadline.name.span, f"the task ends after {shown(found.deadline)}"),)
    if own.timeout is not None and own.timeout > found.deadline:
        message = f"an attempt may take {shown(own.timeout)}, and the whole task only {shown(found.deadline)}"
        where = own.given["timeout"].name.span
        report.error("FLOW414", message, where, "never reached", "make the deadline longer, or this shorter", label)
        return
    waits = budget(found.retry)
    if waits > found.deadline and "retry" in found.given:
        message = f"the pauses between the attempts take up to {shown(waits)}, and the task has {shown(found.deadline)}"
        hint = "allow fewer attempts or a longer deadline, or give the pauses a smaller `cap`"
        if "retry" in own.given:
            report.error("FLOW414", message, own.given["retry"].name.span, "more than the deadline", hint, label)
        else:
            default = (Label(found.given["retry"].name.span, "by default"),)
            report.error("FLOW414", message, deadline.name.span, "less than the pauses", hint, default)


def budget(retry: Retry) -> float:
    """Seconds that all pauses between attempts take together, without jitter."""
    total, delay = 0.0, retry.base
    for _ in range(retry.retries):
        total += min(delay, retry.cap)
        delay = min(delay * retry.factor, retry.cap)
    return total


_LONGEST = 8e13
"""Seconds: about what a duration can hold."""


def shown(seconds: float) -> str:
    return to_text(timedelta(seconds=min(seconds, _LONGEST)))

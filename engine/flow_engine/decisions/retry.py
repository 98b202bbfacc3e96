"""When a failed attempt is tried again."""

from collections.abc import Callable

from flow_lang.plan import Retry

LOSSES = 5
"""How often an attempt may be lost with its worker before the task fails as `worker_lost`: a body that kills its worker ends somewhere."""


def delay_after(policy: Retry, failures: int, code: str, draw: Callable[[], float]) -> float | None:
    """Seconds until the next attempt after failure number `failures` (from 1), or None when the budget is spent or `code` is not retried.

    `draw` gives a number in [0, 1). Full jitter is uniform between zero and the delay, as in AWS's "Exponential Backoff and Jitter".
    """
    if failures > policy.retries or (policy.on and not any(matches(code, pattern) for pattern in policy.on)):
        return None
    try:
        delay = min(policy.base * policy.factor ** (failures - 1), policy.cap)
    except OverflowError:
        delay = policy.cap
    return delay * draw() if policy.jitter == "full" else delay


def matches(code: str, pattern: str) -> bool:
    """`exit` names every exit code and `http_5xx` every server error; other patterns name one code."""
    if pattern == "exit":
        return code.startswith("exit_")
    if pattern.endswith("xx"):
        return len(code) == len(pattern) and code.startswith(pattern[:-2])
    return code == pattern

"""The order in which ready tasks are taken. One pure function, used by every queue and by the SQL fallback."""

AGEING_STEP = 30.0
"""Seconds that one step of priority (0 to 9) is worth: a task of priority 0 that has waited 9 steps goes before a new one of priority 9."""


def rank(ready_at: float, priority: int) -> float:
    """Lower goes first."""
    return ready_at - priority * AGEING_STEP

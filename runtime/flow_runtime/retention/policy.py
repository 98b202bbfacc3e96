"""Which runs are kept: for so long, and so many of each workflow."""

from collections.abc import Mapping
from typing import NamedTuple

from flow_engine.errors import Refused
from flow_lang.values import parse_duration

from flow_runtime.settings.table import value_of

AGE, COUNT = "FLOW_KEEP_FOR", "FLOW_KEEP_RUNS"
RECENT = 60.0
"""Seconds for which a run stays whatever the policy: who worked on it, or waited for it, may still be telling how it ended."""


class Policy(NamedTuple):
    """`age`: seconds since the end of a run; `runs`: the newest runs of each workflow. A run goes when it is older than the one and none
    of the other, and than `RECENT`. None for both: every run stays."""

    age: float | None = None
    runs: int | None = None

    @property
    def keeps_all(self) -> bool:
        return self.age is None and self.runs is None

    def ended_before(self, now: float) -> float:
        """Runs that ended earlier may go, in seconds since the epoch."""
        return now - max(self.age or 0.0, RECENT)


def policy_of(age: str | None, count: int | None, environment: Mapping[str, str]) -> Policy:
    """What is given, else the environment's FLOW_KEEP_FOR (`30d`) and FLOW_KEEP_RUNS. Raises Refused."""
    seconds = value_of(AGE, environment) if age is None else _seconds(age)
    return Policy(seconds, value_of(COUNT, environment) if count is None else count)


def _seconds(text: str) -> float:
    try:
        return parse_duration(text.strip()).total_seconds()
    except ValueError:
        raise Refused(f"runs are kept for a duration such as 30d or 12h, not {text!r}") from None

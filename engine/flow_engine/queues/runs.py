"""The hint of a run: there is something to do in it that nobody has taken. Who takes it owns the run then, or borrows tasks of its owner."""

from flow_engine.decisions.rank import rank
from flow_engine.model import Hint, TaskRef


def run_hint(run: str, created_at: float, priority: int) -> Hint:
    """One for each run: pushed again, it is there once."""
    return Hint(created_at, rank(created_at, priority), TaskRef(run, 0))

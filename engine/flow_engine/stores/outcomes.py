"""How the end of an attempt is written down; the same in every store."""

import json
from collections.abc import Iterable, Mapping

from flow_engine import states
from flow_engine.decisions.graph import RunGraph
from flow_engine.errors import TooLarge
from flow_engine.model import Cancelled, Completion, Expanded, Failed, Lost, Outcome, Released, Suspended

DEAD_LETTERS = "flow.dead_letters"
"""The topic of tasks that name none."""


def state_of(outcome: Outcome) -> str:
    """The state of an attempt: succeeded, failed, skipped, lost, cancelled."""
    return type(outcome).__name__.lower()


def error_of(outcome: Outcome) -> str | None:
    """The error's JSON, or None where there is none."""
    if isinstance(outcome, Failed):
        return outcome.error
    if isinstance(outcome, Lost | Cancelled):
        code = "worker_lost" if isinstance(outcome, Lost) else "cancelled"
        return json.dumps({"code": code, "message": outcome.reason})
    return None


def ended_attempts(graph: RunGraph, completed: Mapping[int, Completion]) -> list[tuple[int, Completion]]:
    """What ends an attempt, by row. A worker that is lost while it looks at a suspended task ends none: the attempt still waits."""
    return [
        (row, done)
        for row, done in completed.items()
        if not isinstance(done.outcome, Released | Expanded | Suspended) and row not in graph.awaiting
    ]


def dead_letters(graph: RunGraph, completed: Mapping[int, Completion]) -> list[tuple[int, str, Completion]]:
    """Tasks that this has failed for good, each with the topic of its dead letter."""
    tasks, node = graph.shape.workflow.tasks, graph.node
    return [
        (row, tasks[node[row]].dead_letter or DEAD_LETTERS, done)
        for row, done in completed.items()
        if graph.state[row] == states.FAILED and isinstance(done.outcome, Failed | Lost)
    ]


def approvals(graph: RunGraph, completed: Mapping[int, Completion]) -> list[tuple[int, Completion]]:
    """Tasks that wait for an approval from now on, or still do since they were looked at."""
    return [
        (row, done)
        for row, done in completed.items()
        if isinstance(done.outcome, Suspended)
        and done.outcome.awaits.kind == "approval"
        and graph.awaiting.get(row) == done.outcome.awaits
    ]


def gathered(results: Iterable[str | None], most: int | None) -> list[str]:
    """Those that there are; no more of them are held than were allowed. Raises TooLarge."""
    found: list[str] = []
    size = 0
    for result in results:
        if result is None:
            continue
        size += len(result)
        refuse_more(size, most)
        found.append(result)
    return found


def refuse_more(size: int, most: int | None) -> None:
    """Raises TooLarge where so many characters of results are more than were allowed."""
    if most is not None and size > most:
        raise TooLarge(f"more than {most // 2**20} MiB of JSON")

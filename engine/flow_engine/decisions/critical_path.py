"""What a run's time went to: the critical path, and the slack of everything else.

The critical path is the chain that ends with the last task to end, each link being the parent that ended last. The slack of a task is how
much later it could have ended without the run ending later: 0 on the path. What a task waited after its last parent had ended (for a slot,
a delay, another attempt) counts as its own. Of a run under way both are as of now: what is open has its end now.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flow_lang.plan import MAIN, Workflow

from flow_engine import states
from flow_engine.model import TaskRecord

_Group = dict[int | None, "_Span"]
"""The spans of one task, by place."""


class Step(NamedTuple):
    """A task on the path. `waited`: seconds between the end of the step before and its own start (queueing, retries, delays)."""

    row: TaskRecord
    waited: float
    took: float


class _Span(NamedTuple):
    """Seconds since the epoch. What did not run (it was skipped, or has ended before the run was tried again) takes no time: it passes on
    when it was decided."""

    row: TaskRecord
    start: float
    end: float
    ran: bool = True


class _Allowed(NamedTuple):
    """When the parents of a task may end at the latest, by its place: as late as the last of them ended, and its own slack later."""

    times: dict[int | None, float]
    least: float


class Timeline:
    """The rows of a run's main part that have a time. `began` is when the run, or the last try of it, began; `now` is given for a run
    under way."""

    def __init__(
        self, workflow: Workflow, rows: Sequence[TaskRecord], began: float = 0.0, now: float | None = None
    ) -> None:
        self._workflow = workflow
        self._position = {task.name: i for i, task in enumerate(workflow.tasks)}
        self._spans: dict[int, _Group] = {}
        for row in rows:
            span = _span(row, began, now)
            if span is not None and workflow.tasks[row.node].phase == MAIN:
                self._spans.setdefault(row.node, {})[row.place] = span
        self._latest = {node: max(group.values(), key=_late) for node, group in self._spans.items()}

    def path(self) -> list[Step]:
        """First task first; empty where nothing ran."""
        found: list[_Span] = []
        last = max(self._latest.values(), key=_late, default=None)
        while last is not None:
            found.append(last)
            last = max(self._parents(last.row), key=_late, default=None)
        found.reverse()
        steps = [_step(span, before) for span, before in zip(found, [None, *found], strict=False)]
        return [step for step, span in zip(steps, found, strict=True) if span.ran]

    def slacks(self) -> dict[int, float]:
        """Seconds, by the number of the row; what did not run has none."""
        end = max((span.end for span in self._latest.values()), default=0.0)
        children = self._children()
        allowed: dict[int, _Allowed] = {}
        found: dict[int, float] = {}
        for node in reversed(range(len(self._workflow.tasks))):  # children first
            spans = self._spans.get(node, {})
            held = [(allowed[child], aligned) for child, aligned in children[node] if allowed[child].times]
            bound = min((child.least for child, aligned in held if not aligned), default=end)
            aside = [child.times for child, aligned in held if aligned]
            late = {place: min([bound, *(times.get(place, end) for times in aside)]) for place in spans}
            allowed[node] = _allowed(
                {place: self._ready(span) + late[place] - span.end for place, span in spans.items()}
            )
            found |= {span.row.seq: max(late[place] - span.end, 0.0) for place, span in spans.items() if span.ran}
        return found

    def _children(self) -> list[list[tuple[int, bool]]]:
        """Of each task: who needs it, and whether instance by instance."""
        found: list[list[tuple[int, bool]]] = [[] for _ in self._workflow.tasks]
        for child, task in enumerate(self._workflow.tasks):
            for need in task.needs:
                found[self._position[need.task]].append((child, need.how == "element"))
        return found

    def _ready(self, span: _Span) -> float:
        return max((parent.end for parent in self._parents(span.row)), default=span.start)

    def _parents(self, row: TaskRecord) -> Iterator[_Span]:
        """The one of its place, or of a whole task the last to end."""
        for need in self._workflow.tasks[row.node].needs:
            node = self._position[need.task]
            aligned = need.how == "element" and row.place is not None
            span = self._spans.get(node, {}).get(row.place) if aligned else self._latest.get(node)
            if span is not None:
                yield span


def _span(row: TaskRecord, began: float, now: float | None) -> _Span | None:
    """Instances stand for their group, unless it has none."""
    if row.size:
        return None
    if row.finished_at is not None:
        if row.state == states.SKIPPED or row.size == 0 or row.finished_at < began:
            return _Span(row, max(row.finished_at, began), max(row.finished_at, began), ran=False)
        return None if row.started_at is None else _Span(row, row.started_at, row.finished_at)
    start = row.started_at or row.claimed_at or row.ready_at
    begun = row.state in (*states.IN_FLIGHT, states.READY, states.WAITING)
    return None if now is None or start is None or not begun else _Span(row, min(start, now), now)


def _allowed(times: dict[int | None, float]) -> _Allowed:
    return _Allowed(times, min(times.values(), default=0.0))


def _late(span: _Span) -> tuple[float, float]:
    """Of those that end together (all that is open does), the one that began first."""
    return span.end, -span.start


def _step(span: _Span, before: _Span | None) -> Step:
    waited = max(span.start - before.end, 0.0) if before is not None else 0.0
    return Step(span.row, waited, span.end - span.start)

"""The live runs of one worker, and what one tick does to them. A store wraps a transaction around it and writes what it notes."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from flow_engine import states
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.rank import rank
from flow_engine.model import Claim, Completion, Hint, Started, TaskRef, Tick


class Report(NamedTuple):
    """What a worker has to say since its last tick. `cancels` are runs whose cancellation it has seen."""

    completions: Sequence[Completion] = ()
    started: Sequence[Started] = ()
    cancels: Sequence[str] = ()


class Notes(NamedTuple):
    """What a store must write for one run after a tick; states are read from the graph when it writes. `claimed` tells since when each
    completed attempt had been claimed."""

    graph: RunGraph
    completed: dict[int, Completion]
    claimed: dict[int, float]
    started: dict[int, Started]


class Entry(NamedTuple):
    graph: RunGraph
    priority: int


class Books:
    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._entries: dict[str, Entry] = {}

    def __contains__(self, run: str) -> bool:
        return run in self._entries

    def open(self, graph: RunGraph, priority: int) -> None:
        self._entries[graph.run] = Entry(graph, priority)

    def close(self, run: str) -> None:
        self._entries.pop(run, None)

    def graph(self, run: str) -> RunGraph:
        return self._entries[run].graph

    def tick(
        self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int
    ) -> tuple[Tick, list[Notes]]:
        """Completes, then claims: first what the hints name, then what has just become ready, up to `want` claims in all."""
        notes: dict[str, Notes] = {}
        refused = self._apply(report, now, notes)
        claims: list[Claim] = []
        for hint in hints:
            self._claim(hint.task, worker, now, claims, notes)
        ready = self.take_ready(notes, now)
        room = max(want - len(claims), 0)
        now_due = [hint for hint in ready if hint.due <= now][:room]
        for hint in now_due:
            self._claim(hint.task, worker, now, claims, notes)
        taken = set(now_due)
        kept = [hint for hint in ready if hint not in taken]
        finishing = [run for run, note in notes.items() if note.graph.open == 0]
        return Tick(claims, kept, refused, finishing), list(notes.values())

    def take_ready(self, runs: Iterable[str], now: float) -> list[Hint]:
        """What has become ready in these runs since it was last asked, best first."""
        hints = []
        for run in runs:
            graph, priority = self._entries[run]
            tasks = graph.shape.workflow.tasks
            for row in graph.ready:
                if graph.state[row] in (states.READY, states.WAITING):
                    due = graph.due.get(row, now)
                    order = rank(due, tasks[graph.node[row]].priority + priority)
                    hints.append(Hint(due, order, TaskRef(run, row)))
            graph.ready.clear()
        hints.sort(key=_order)
        return hints

    def _apply(self, report: Report, now: float, notes: dict[str, Notes]) -> list[TaskRef]:
        refused = []
        for completion in report.completions:
            note = self._note(completion.task.run, notes)
            row, attempt, worker = completion.task.seq, completion.attempt, completion.worker
            flight = note.graph.flight.get(row) if note else None
            if note and flight and note.graph.complete(row, attempt, worker, completion.outcome, now, self._draw):
                note.completed[row] = completion
                note.claimed[row] = flight.claimed_at
            else:
                refused.append(completion.task)
        for started in report.started:
            note = self._note(started.task.run, notes)
            if note and note.graph.started(started.task.seq, started.attempt, started.worker):
                note.started[started.task.seq] = started
        for run in report.cancels:
            note = self._note(run, notes)
            if note:
                note.graph.cancel(now)  # also where it was restored as cancelled: rows may be left that were not yet
        return refused

    def _claim(self, task: TaskRef, worker: str, now: float, claims: list[Claim], notes: dict[str, Notes]) -> bool:
        note = self._note(task.run, notes)
        if note is None or not note.graph.claim(task.seq, worker, now):
            return False
        graph, row = note.graph, task.seq
        claims.append(Claim(task, graph.attempt[row], graph.node[row], graph.place_of(row), graph.expands(row)))
        return True

    def _note(self, run: str, notes: dict[str, Notes]) -> Notes | None:
        note = notes.get(run)
        if note is None and run in self._entries:
            note = notes[run] = Notes(self._entries[run].graph, {}, {}, {})
        return note


def _order(hint: Hint) -> tuple[float, TaskRef]:
    return (hint.rank, hint.task)

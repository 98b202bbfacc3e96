"""The live runs of one worker, and what one tick does to them. A store wraps a transaction around it and writes what it notes."""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter

from flow_lang.named import NamedTuple
from flow_lang.plan import MAIN

from flow_engine import states
from flow_engine.decisions.gates import Gate, Gates, Usage, gates_of
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.rank import rank
from flow_engine.decisions.shape import OWN
from flow_engine.model import Ask, Claim, Completion, Hint, Lent, NewRun, Room, Started, Suspended, TaskRef, Tick

LOOK = 0.1
"""Seconds until what waits for a slot that others hold is tried again."""
PROMISE = 1.5
"""Seconds for which a gate is kept for one who asked for a task behind it that the owner cannot take; it asks again meanwhile."""
_RUN_ROW = -1
"""What a run itself holds, beside what its rows do: its place among the runs of its workflow."""


class Report(NamedTuple):
    """What a worker has to say since its last tick. `cancels` are runs whose cancellation it has seen, `timeouts` those whose time is
    over, `wakes` suspended tasks for which something may have come, `asks` what is to be claimed for other workers, because of the `rooms`
    that they had told. `settled` are attempts (run, seq, attempt, worker) of its own of which it had left the end as a borrower, before it
    took the run over. `labels` are those that the worker has; None where nobody looks at labels, since all workers are on one machine. `spare`
    is what the `rooms` have left after the `asks`, for what becomes ready now and needs labels that the worker has not."""

    completions: Sequence[Completion] = ()
    started: Sequence[Started] = ()
    cancels: Sequence[str] = ()
    timeouts: Sequence[str] = ()
    wakes: Sequence[TaskRef] = ()
    asks: Sequence[Ask] = ()
    rooms: Sequence[Room] = ()
    settled: Sequence[tuple[str, int, int, str]] = ()
    labels: frozenset[str] | None = None
    spare: Sequence[Room] = ()


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
        self._gates = Gates()
        self._parked: dict[tuple[str, str], list[tuple[float, Hint]]] = {}
        self._promised: dict[tuple[str, str], tuple[float, float]] = {}
        """The gates that are kept for others: the rank of what waits there, and until when."""
        self._begun: set[str] = set()
        self._restless: set[str] = set()
        """Runs that the next tick looks at whatever it is told: instances of a `for` are to be made, a restore has gone on by itself, or
        they were read again."""

    def __contains__(self, run: str) -> bool:
        return run in self._entries

    def open(self, graph: RunGraph, priority: int, usage: Usage, begun: bool = False) -> None:
        """`begun`: some of it has run before, so that it has its place among the runs of its workflow."""
        self._entries[graph.run] = Entry(graph, priority)
        if graph.is_restless:
            self._restless.add(graph.run)
        if begun:
            self._enter_run(graph, usage)
        for row in graph.flight:
            gates = [gate for gate in _gates_of_row(graph, row, usage) if gate.kind != "rate"]
            self._gates.enter(graph.run, row, gates, usage, 0.0)

    def close(self, run: str) -> None:
        if self._entries.pop(run, None) is not None:
            self._gates.leave_run(run)
            self._begun.discard(run)
            self._restless.discard(run)

    def held(self) -> list[tuple[str, Hint]]:
        """What is ready and a gate holds back, with the pool where that is the gate. Any thread may ask."""
        parked = list(self._parked.items())
        return [(key if kind == "pool" else "", hint) for (kind, key), some in parked for _, hint in list(some)]

    def stir(self, run: str) -> None:
        """The next tick looks at this run whatever it is told, and gives hints of all that is ready."""
        self._restless.add(run)

    def graph(self, run: str) -> RunGraph:
        return self._entries[run].graph

    def touched(self, report: Report, hints: Iterable[Hint]) -> set[str]:
        """The runs that a tick may change: their owner is to be this worker still."""
        runs = {completion.task.run for completion in report.completions}
        runs.update(started.task.run for started in report.started)
        runs.update(report.cancels, report.timeouts)
        runs.update(task.run for task in report.wakes)
        runs.update(ask.hint.task.run for ask in report.asks)
        runs.update(self._restless)
        runs.update(hint.task.run for hint in hints)
        runs.update(hint.task.run for parked in self._parked.values() for _, hint in parked)
        return runs

    def tick(
        self, worker: str, now: float, report: Report, hints: Sequence[Hint], want: int, usage: Usage
    ) -> tuple[Tick, list[Notes]]:
        """Completes, then claims: first what was held back, what the hints name, then what has just become ready, up to `want`
        claims in all. What needs labels that the worker has not stays ready, for one that asks."""
        self._gates.begin()
        notes: dict[str, Notes] = {}
        self._grow(now, notes)
        refused = self._apply(report, now, notes)
        claims: list[Claim] = []
        desk = _Desk(worker, now, claims, [], notes, usage, report.labels, [])
        for task in report.wakes:
            self._wake(task, desk)
        self._claim_parked(desk, want)
        kept = [ask.hint for ask in report.asks if not self._lend(ask, desk)]
        for hint in hints:
            self._claim(hint, desk)
        kept += desk.kept
        room, spare = max(want - len(claims), 0), list(report.spare)
        for hint in self.take_ready(notes, now):
            if room and hint.due <= now and not hint.alarm and (not hint.labels or desk.may(hint.labels)):
                room -= 1
                self._claim(hint, desk)
            elif not (spare and self._lend_fresh(hint, spare, desk)):
                kept.append(hint)
        for note in notes.values():  # what a restore has done by itself is written with this tick
            (self._restless.add if note.graph.unborn else self._restless.discard)(note.graph.run)
        finishing = [run for run, note in notes.items() if note.graph.open == 0]
        stopping = [run for run, note in notes.items() if note.graph.failing and note.graph.flight]
        begun = [child for note in notes.values() for child in _children_of(note)]
        return Tick(claims, kept, refused, finishing, stopping, self._again(desk), begun, desk.lent), list(
            notes.values()
        )

    def take_ready(self, runs: Iterable[str], now: float) -> list[Hint]:
        """What has become ready in these runs since it was last asked, best first."""
        hints = []
        for run in runs:
            graph, priority = self._entries[run]
            tasks, states_, node, dues, awaiting, attempts = (
                graph.shape.workflow.tasks,
                graph.state,
                graph.node,
                graph.due,
                graph.awaiting,
                graph.attempt,
            )
            if not graph.ready:
                continue
            orders = {at: rank(now, tasks[at].priority + priority) for at in {node[row] for row in graph.ready}}
            labels = graph.labels if graph.shape.labels else _no_labels
            for row in graph.ready:
                if states_[row] not in _CLAIMABLE:
                    continue
                if row in dues:
                    due = dues[row]
                    order = rank(due, tasks[node[row]].priority + priority)
                    hints.append(Hint(due, order, TaskRef(run, row), row in awaiting, attempts[row], labels(row)))
                else:
                    hints.append(Hint(now, orders[node[row]], TaskRef(run, row), False, attempts[row], labels(row)))
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
                self._gates.leave(completion.task.run, row)
                note.completed[row] = completion
                note.claimed[row] = flight.claimed_at
            else:
                refused.append(completion.task)
        for started in report.started:
            note = self._note(started.task.run, notes)
            if note and note.graph.started(started.task.seq, started.attempt, started.worker):
                note.started[started.task.seq] = started
        for reason, runs in (("asked", report.cancels), ("timeout", report.timeouts)):
            for run in runs:
                note = self._note(run, notes)
                if note:  # also where it was restored as cancelled: rows may be left that were not yet
                    note.graph.cancel(reason, now)
        return refused

    def _grow(self, now: float, notes: dict[str, Notes]) -> None:
        for run in sorted(self._restless):
            note = self._note(run, notes)
            if note is not None:
                note.graph.grow(now)

    def _wake(self, task: TaskRef, desk: "_Desk") -> None:
        """Claims a suspended task whatever the worker has in hand: to look at it takes no slot."""
        note = self._note(task.run, desk.notes)
        if note and note.graph.wake(task.seq):
            self._claim(Hint(desk.now, 0.0, task), desk)

    def _claim_parked(self, desk: "_Desk", want: int) -> None:
        for key in list(self._parked):
            waiting, closed = self._parked.pop(key), False
            for at, (rank_, hint) in enumerate(waiting):
                if len(desk.claims) >= want or (closed and key[0] != "run"):
                    self._parked.setdefault(key, []).extend(waiting[at:])
                    break
                if closed and hint.task.run not in self._begun:
                    self._parked[key].append((rank_, hint))
                    continue  # a run that has begun meanwhile stands behind it, and waits for nobody
                closed = (not self._claim(hint, desk) and key in self._parked) or closed

    def _lend(self, ask: Ask, desk: "_Desk") -> bool:
        """False for what stays in the owner's hands. Without a body (a list, a wait) it decides itself; what may start once only, and what
        handles an end, it lends where it has not the labels for that."""
        hint, worker, labels = ask
        run, row = hint.task
        note = self._note(run, desk.notes)
        if note is None or row >= len(note.graph.state) or note.graph.attempt[row] != hint.attempt:
            return True
        task, needed = note.graph.shape.workflow.tasks[note.graph.node[row]], note.graph.labels(row)
        if task.body.kind in OWN or note.graph.expands(row) or row in note.graph.awaiting:
            return False
        own = desk.may(needed)
        if not set(needed) <= set(labels) or (own and (task.phase != MAIN or task.at_most_once)):
            return False
        # what a gate holds back is parked for the owner alone: for others it is kept open for a moment
        return self._claim(hint, desk, worker) or own or not note.graph.claimable(row, desk.now)

    def _lend_fresh(self, hint: Hint, spare: list[Room], desk: "_Desk") -> bool:
        """Gives what has just become ready to one who has its labels, where the worker has not: who asked in vain would ask again later."""
        if hint.alarm or hint.due > desk.now or desk.may(hint.labels):
            return False
        fit = [at for at, room in enumerate(spare) if room.tasks and set(hint.labels) <= set(room.labels)]
        if not fit or not self._lend(Ask(hint, spare[fit[0]].worker, spare[fit[0]].labels), desk):
            return False
        spare[fit[0]] = spare[fit[0]]._replace(tasks=spare[fit[0]].tasks - 1)
        return True

    def _claim(self, hint: Hint, desk: "_Desk", lent_to: str = "") -> bool:
        run, row = hint.task
        note = desk.notes.get(run) or self._note(run, desk.notes)
        if note is None:
            return False
        graph = note.graph
        if graph.shape.labels and not lent_to and not desk.may(graph.labels(row)):
            if graph.claimable(row, desk.now):
                desk.kept.append(hint._replace(labels=graph.labels(row)))
            return False
        free = run in self._begun and graph.is_free(row)
        if not free and not (graph.claimable(row, desk.now) and self._pass(hint, graph, desk)):
            return False
        if not graph.claim(row, lent_to or desk.worker, desk.now):
            return False
        node, awaits, deadline = graph.node[row], graph.awaiting.get(row), graph.deadline.get(row)
        place = None if row == node else row - graph.base[node]
        claim = Claim(hint.task, graph.attempt[row], node, place, graph.expands(row), awaits, deadline)
        if lent_to:
            desk.lent.append(Lent(lent_to, claim))
        else:
            desk.claims.append(claim)
        return True

    def _pass(self, hint: Hint, graph: RunGraph, desk: "_Desk") -> bool:
        """Takes what a start of this row takes, or holds it back."""
        run, row = hint.task
        gates, own = self._needed(graph, row, desk.usage), desk.may(graph.labels(row))
        closed = self._gates.closed(gates, desk.usage, desk.now)
        if closed is None and own and self._promised:
            closed = next((gate for gate in gates if self._is_promised(gate, hint, desk.now)), None)
        if closed is not None and own:
            insort(self._parked.setdefault((closed.kind, closed.key), []), (hint.rank, hint))
        elif closed is not None and closed.kind != "rate":
            kept = {key: promise for key, promise in self._promised.items() if promise[1] > desk.now}
            self._promised = kept | {(closed.kind, closed.key): (hint.rank, desk.now + PROMISE)}
        if closed is not None:
            return False
        for gate in () if own else gates:
            self._promised.pop((gate.kind, gate.key), None)
        self._gates.enter(run, row, [gate for gate in gates if gate.kind != "run"], desk.usage, desk.now)
        if run not in self._begun:
            self._enter_run(graph, desk.usage)
        return True

    def _is_promised(self, gate: Gate, hint: Hint, now: float) -> bool:
        """Whether it is kept for something that comes before this."""
        rank, until = self._promised.get((gate.kind, gate.key), (hint.rank, now))
        return rank < hint.rank and now < until

    def _needed(self, graph: RunGraph, row: int, usage: Usage) -> list[Gate]:
        gates = _run_gate(graph) if graph.run not in self._begun else []
        return gates + _gates_of_row(graph, row, usage)

    def _enter_run(self, graph: RunGraph, usage: Usage) -> None:
        self._begun.add(graph.run)
        self._gates.enter(graph.run, _RUN_ROW, _run_gate(graph), usage, 0.0)

    def _again(self, desk: "_Desk") -> float | None:
        if self._restless:
            return desk.now
        if not self._parked:
            return None
        rates = [desk.usage.rate(key) for kind, key in self._parked if kind == "rate"]
        return min([desk.now + LOOK, *rates]) if len(rates) < len(self._parked) else min(rates)

    def _note(self, run: str, notes: dict[str, Notes]) -> Notes | None:
        note = notes.get(run)
        if note is None and run in self._entries:
            note = notes[run] = Notes(self._entries[run].graph, {}, {}, {})
        return note


class _Desk(NamedTuple):
    """What one tick claims with."""

    worker: str
    now: float
    claims: list[Claim]
    lent: list[Lent]
    notes: dict[str, Notes]
    usage: Usage
    labels: frozenset[str] | None
    kept: list[Hint]
    """What the worker has not the labels for."""

    def may(self, labels: tuple[str, ...]) -> bool:
        """Whether the worker may run what needs these."""
        return not labels or self.labels is None or self.labels.issuperset(labels)


def _gates_of_row(graph: RunGraph, row: int, usage: Usage) -> list[Gate]:
    if graph.is_free(row):
        return []
    workflow = graph.shape.workflow
    return gates_of(workflow, workflow.tasks[graph.node[row]], graph.run, usage)


def _children_of(note: Notes) -> Iterator[NewRun]:
    """The runs that begin with what a tick completed: those for which a task waits now, though it may have been claimed again for a look."""
    for row, done in note.completed.items():
        outcome = done.outcome
        if type(outcome) is Suspended and outcome.child is not None and note.graph.awaiting.get(row) == outcome.awaits:
            yield outcome.child


def _run_gate(graph: RunGraph) -> list[Gate]:
    workflow = graph.shape.workflow
    return [] if workflow.concurrency is None else [Gate("run", workflow.name, workflow.concurrency)]


def _no_labels(row: int) -> tuple[str, ...]:
    return ()


_CLAIMABLE = (states.READY, states.WAITING)
_order = itemgetter(1, 2)
"""Of hints: by rank, then by task."""

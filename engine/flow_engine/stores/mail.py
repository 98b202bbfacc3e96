"""What workers leave for each other about tasks that one lends to another: rows, written by one and deleted by the owner of the run.

Who has room says so (`room`). The owner claims tasks for it, in the transaction of which each gets a row (`loan`). Whoever runs the body leaves
how it ended (`answer`), and the owner's next tick takes that up and deletes all rows of the attempt. So none is lost, and none counts twice,
whatever crashes. To end a body before its time, the owner leaves word beside the loan (`end`).
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flow_lang.named import NamedTuple

from flow_engine.decisions.books import Report
from flow_engine.model import (
    CacheEntry,
    Cancelled,
    Claim,
    Completion,
    Failed,
    Lost,
    Outcome,
    Released,
    Room,
    Skipped,
    Started,
    Succeeded,
    TaskRef,
    Tick,
)

ROOM, LOAN, START, END, ANSWER = "room", "loan", "start", "end", "answer"
_NO_TASK = -1


class Mail(NamedTuple):
    """For the owner of runs, oldest first."""

    rooms: list[Room]
    answers: list[Completion]
    started: list[Started]
    """These stay until the attempt has ended."""


NO_MAIL = Mail([], [], [])


class LoanKey(NamedTuple):
    """An attempt that `worker` has, which does not own the run."""

    run: str
    seq: int
    attempt: int
    worker: str


class Loan(NamedTuple):
    """`end` says why the body is to be ended, where it is."""

    claim: Claim
    end: str | None = None


class Mailbox(NamedTuple):
    """For who borrows: the runs whose owners have not read yet that it has room, and what it has that is not answered."""

    rooms: set[str]
    loans: list[Loan]


class Message(NamedTuple):
    """A row, before its run's number takes the place of its id."""

    run: str
    seq: int
    attempt: int
    worker: str
    kind: str
    text: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    log: str | None = None


_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Succeeded, Failed, Skipped, Cancelled, Lost, Released)}


def outcome_text(outcome: Outcome) -> str:
    """JSON of the end of a body. Raises ValueError for what only an owner decides."""
    kind = type(outcome).__name__
    if kind not in _KINDS:
        raise ValueError(f"{kind} is decided by the owner of a run")
    return json.dumps([kind, *outcome])


def outcome_of(text: str) -> Outcome:
    kind, *values = json.loads(text)
    outcome: Outcome = _KINDS[kind](*values)
    if isinstance(outcome, Succeeded) and outcome.cache is not None:
        return outcome._replace(cache=CacheEntry(*outcome.cache))
    return outcome


def room_message(room: Room) -> Message:
    """Its labels stand where others have a log: a version that knows of none reads the rest."""
    labels = json.dumps(room.labels) if room.labels else None
    return Message(room.run, _NO_TASK, 0, room.worker, ROOM, str(room.tasks), log=labels)


def answer_message(done: Completion) -> Message:
    """Raises ValueError for what only an owner decides."""
    (run, seq), attempt, worker, outcome, started, finished, log = done
    return Message(run, seq, attempt, worker, ANSWER, outcome_text(outcome), started, finished, log)


def start_message(started: Started) -> Message:
    return Message(*started.task, started.attempt, started.worker, START, None, started.started_at, None, started.log)


def end_message(key: LoanKey, reason: str) -> Message:
    return Message(*key, END, reason)


def loans_of(tick: Tick) -> list[Message]:
    return [Message(*claim.task, claim.attempt, worker, LOAN) for worker, claim in tick.lent]


def taken_up(worker: str, report: Report) -> Iterator[LoanKey]:
    """What a report of this worker has taken up: all rows of these keys go."""
    for room in report.rooms:
        yield LoanKey(room.run, _NO_TASK, 0, room.worker)
    for done in report.completions:
        if done.worker != worker:
            yield LoanKey(*done.task, done.attempt, done.worker)
    for key in report.settled:
        yield LoanKey(*key)


def read_mail(rows: Iterable[tuple[Any, ...]]) -> Mail:
    """Of rows of (kind, run, seq, attempt, worker, text, started, finished, log)."""
    found = Mail([], [], [])
    for kind, run, seq, attempt, worker, text, started, finished, log in rows:
        if kind == ROOM:
            found.rooms.append(Room(run, worker, int(text), tuple(json.loads(log or "[]"))))
        elif kind == START:
            found.started.append(Started(TaskRef(run, seq), attempt, worker, started, log))
        elif kind == ANSWER:
            done = Completion(TaskRef(run, seq), attempt, worker, outcome_of(text), started, finished, log)
            found.answers.append(done)
    return found


def read_mailbox(rows: Iterable[tuple[Any, ...]]) -> Mailbox:
    """Of rows of (kind, run, seq, attempt, text, node, place, deadline)."""
    rooms: set[str] = set()
    claims: dict[tuple[TaskRef, int], Claim] = {}
    ends: dict[tuple[TaskRef, int], str] = {}
    answered = set()
    for kind, run, seq, attempt, text, node, place, deadline in rows:
        key = (TaskRef(run, seq), attempt)
        if kind == ROOM:
            rooms.add(run)
        elif kind == LOAN:
            claims[key] = Claim(*key, node, place, False, None, deadline)
        elif kind == END:
            ends[key] = text
        elif kind == ANSWER:
            answered.add(key)
    return Mailbox(rooms, [Loan(claim, ends.get(key)) for key, claim in claims.items() if key not in answered])

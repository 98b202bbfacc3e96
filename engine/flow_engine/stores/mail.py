"""What workers leave for the owners of runs: that they have room for a task (`Ask`), and how one ended that was claimed for them.

They are rows, written by who has the body and deleted by the owner in the transaction that reports them. So none is lost, and none counts
twice, whatever crashes.
"""

import json
from collections.abc import Iterator
from typing import Any

from flow_lang.named import NamedTuple

from flow_engine.decisions.books import Report
from flow_engine.model import (
    Ask,
    CacheEntry,
    Cancelled,
    Completion,
    Failed,
    Lost,
    Outcome,
    Released,
    Skipped,
    Succeeded,
    TaskRef,
)

ASK, ANSWER = "ask", "answer"


class Mail(NamedTuple):
    """Oldest first."""

    asks: list[Ask]
    answers: list[Completion]


class MailKey(NamedTuple):
    """`attempt` is that which runs, or of an ask the one before."""

    run: str
    seq: int
    attempt: int
    worker: str
    kind: str


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


def reported(worker: str, report: Report) -> Iterator[MailKey]:
    """The mail that a report of this worker has taken up."""
    for ask in report.asks:
        yield MailKey(*ask.task, ask.attempt, ask.worker, ASK)
    for done in report.completions:
        if done.worker != worker:
            yield MailKey(*done.task, done.attempt, done.worker, ANSWER)


def read_mail(rows: list[tuple[Any, ...]]) -> Mail:
    """Of rows of (kind, run, seq, attempt, worker, outcome, started, finished, log)."""
    found = Mail([], [])
    for kind, run, seq, attempt, worker, outcome, started, finished, log in rows:
        if kind == ASK:
            found.asks.append(Ask(TaskRef(run, seq), attempt, worker))
        else:
            done = Completion(TaskRef(run, seq), attempt, worker, outcome_of(outcome), started, finished, log)
            found.answers.append(done)
    return found

"""Dead letters, from the rows that a store in SQL has of them; and what is asked before one is replayed."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flow_lang.plan import Plan

from flow_engine.dead_letters.contract import Letter, LetterFilter, Replay
from flow_engine.errors import Refused, UnknownLetter
from flow_engine.model import TaskRecord

PlanOf = Callable[[str, str], Plan]
"""The plan of a hash, with a workflow as its entry."""
Answered = Mapping[tuple[int, int], tuple[float | None, float | None]]
"""When the letters of a run were replayed and dropped, by `seq` and attempt."""
_ID = re.compile(r"(.+):([0-9]{1,9}):([0-9]{1,9})")
HELD = "WHERE d.exported_at IS NULL AND d.held_by = ? AND d.held_until = ? ORDER BY d.id"
"""What follows `letter_columns` for what a relay has claimed."""
_OF_STATE = {
    "open": "d.replayed_at IS NULL AND d.dropped_at IS NULL",
    "replayed": "d.replayed_at IS NOT NULL",
    "dropped": "d.replayed_at IS NULL AND d.dropped_at IS NOT NULL",
}


class LetterReads(ABC):
    """What a store in SQL answers about its letters. `_rows` gives those of a named query and what follows it."""

    def __init__(self, plan_of: PlanOf) -> None:
        self._plan_of = plan_of

    def page(self, filter_: LetterFilter) -> list[Letter]:
        asked, workflows = (filter_.namespace, filter_.workflow), None
        if filter_.workflow is not None:
            workflows = [key for (key,) in self._rows("workflows_called", "", asked)]
        return self._letters(*page_clause(filter_, workflows))

    def letter(self, id_: str) -> Letter:
        run, *of = parts_of(id_)
        found = self._letters("WHERE d.run = ? AND d.seq = ? AND d.attempt = ?", (run, *of))
        if not found:
            raise UnknownLetter(id_, run_is_gone=not self._rows("run_columns", "WHERE id = ?", (run,)))
        return found[0]

    def _letters(self, rest: str, values: Sequence[Any]) -> list[Letter]:
        return [letter_of(row, self._plan_of) for row in self._rows("letter_columns", rest, values)]

    @abstractmethod
    def _rows(self, query: str, rest: str, values: Sequence[Any]) -> list[tuple[Any, ...]]: ...


def letter_of(row: Sequence[Any], plan_of: PlanOf) -> Letter:
    """The columns are those of the query `letter_columns`."""
    number, topic, namespace, run, workflow, plan_hash, seq, node, *rest = row
    place, attempt, error, created_at, labels, replayed_at, tries, dropped_at, exported_at = rest
    name = plan_of(plan_hash, workflow).workflow.tasks[node].name
    of = (number, topic, namespace, run, workflow, plan_hash, seq, name, place, attempt, error, created_at)
    return Letter(*of, tuple(json.loads(labels)), replayed_at, tries, dropped_at, exported_at)


def page_clause(filter_: LetterFilter, workflows: Sequence[str] | None) -> tuple[str, list[Any]]:
    """What follows `letter_columns`, and its values. `workflows`: the keys of those that are asked for, where they are."""
    clauses: list[str] = ["r.namespace = ?"]
    values: list[Any] = [filter_.namespace]
    if filter_.state is not None:
        clauses.append(_OF_STATE[filter_.state])
    for clause, value in (("d.created_at >= ?", filter_.since), ("d.id < ?", filter_.before)):
        if value is not None:
            clauses.append(clause)
            values.append(value)
    if workflows is not None:
        clauses.append(f"r.workflow IN ({', '.join('?' * len(workflows)) or 'NULL'})")
        values += workflows
    return f"WHERE {' AND '.join(clauses)} ORDER BY d.id DESC LIMIT ?", [*values, filter_.limit]


def parts_of(id_: str) -> tuple[str, int, int]:
    """Run, `seq` and attempt of a letter's id. Raises UnknownLetter."""
    found = _ID.fullmatch(id_)
    if found is None:
        raise UnknownLetter(id_, run_is_gone=False)
    run, seq, attempt = found.groups()
    return run, int(seq), int(attempt)


def refuse_answered(replays: Sequence[Replay], answered: Answered) -> None:
    """Raises UnknownLetter, and Refused for a letter that is not open."""
    for replay in replays:
        if (replay.seq, replay.attempt) not in answered:
            raise UnknownLetter(replay.letter, run_is_gone=False)
        replayed_at, dropped_at = answered[(replay.seq, replay.attempt)]
        if replayed_at is not None:
            raise Refused(
                f"dead letter {replay.letter} was replayed at {_moment(replayed_at)}, and that was attempt {replay.attempt + 1} of its task: "
                f"flow status {replay.run}"
            )
        if dropped_at is not None:
            raise Refused(
                f"dead letter {replay.letter} was dropped at {_moment(dropped_at)}; its run is tried again by: flow retry {replay.run}"
            )


def overrides_of(replays: Sequence[Replay], rows: Sequence[TaskRecord]) -> list[tuple[str, int]]:
    """(JSON, seq) of the tasks that get other values, with those of earlier replays."""
    found = []
    for replay in replays:
        if replay.override:
            before = json.loads(rows[replay.seq].override or "{}")
            found.append((json.dumps({**before, **replay.override}), replay.seq))
    return found


def chosen(replays: Sequence[Replay]) -> Collection[int] | None:
    """The rows that are replayed; None where all that failed is to run again."""
    return [replay.seq for replay in replays] or None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

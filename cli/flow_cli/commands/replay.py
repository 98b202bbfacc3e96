"""`flow dlq replay`: the tasks of dead letters are tried again, each letter once."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import groupby

from flow_engine import states
from flow_engine.dead_letters.contract import Letter, LetterFilter, Replay
from flow_engine.errors import Refused, StoreError
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from flow_runtime.embedded import Embedded
from flow_runtime.executors.contract import need_kinds
from flow_runtime.files import FlowFiles
from flow_runtime.replays import override_of

from flow_cli import exits
from flow_cli.commands.retry import in_engine
from flow_cli.commands.run import given_params
from flow_cli.commands.runs import here
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted
from flow_cli.request import RunRequest

AT_ONCE = 64
"""Runs that are worked on together."""


def replay_one(id_: str, request: RunRequest) -> int:
    """The exit code of the run, as `flow run` gives it."""
    state, store = here()
    letter = store.letters.letter(id_)
    texts, _ = given_params(request)
    replays = _replays(store, [letter], texts)
    record = store.run(letter.run)
    refusal = "" if letter.replayed_at or letter.dropped_at else _refusal(record)
    if refusal:
        raise CommandError(exits.USAGE, "not_replayable", refusal)
    store.close()

    def begin(engine: Embedded) -> str:
        _reopen(engine, letter.run, replays)
        return letter.run

    return in_engine(state, begin, request)


def replay_all(wanted: LetterFilter, request: RunRequest) -> int:
    """0 where each of the runs has succeeded then, or there was nothing to replay."""
    state, store = here()
    texts, _ = given_params(request)
    chosen: dict[str, list[Replay]] = {}
    for run, letters in groupby(sorted(_all(store, wanted), key=lambda letter: letter.id), lambda letter: letter.run):
        refusal = _refusal(store.run(run))
        if refusal:
            print(f"left out: {refusal}", file=sys.stderr)
        else:
            chosen[run] = _replays(store, list(letters), texts)
    store.close()
    ended: dict[str, str] = {}
    runs = list(chosen)
    engine = Embedded(state, request.slots) if runs else None
    try:
        for start in range(0, len(runs), AT_ONCE):
            assert engine is not None
            ended.update(_work(engine, {run: chosen[run] for run in runs[start : start + AT_ONCE]}))
    finally:
        if engine is not None:
            with suppress(StoreError):  # what ended the work is told; the runs are free because this process is gone
                engine.close()
    return _tell(chosen, ended, request.json)


def _all(store: Store, wanted: LetterFilter) -> list[Letter]:
    found: list[Letter] = []
    while page := store.letters.page(wanted):
        found += page
        wanted = wanted._replace(before=page[-1].number)
    return found


def _work(engine: Embedded, chosen: Mapping[str, Sequence[Replay]]) -> dict[str, str]:
    """The states in which these runs have ended; those that another process was quicker with are told and left out."""
    begun = []
    for run, replays in chosen.items():
        try:
            _reopen(engine, run, replays)
        except (Refused, CommandError) as error:
            print(f"left out: {error}", file=sys.stderr)
        else:
            engine.worker.adopt(run)
            begun.append(run)
    while not engine.worker.idle:
        engine.worker.step()
    return {run: engine.store.run(run).state for run in begun}


def _tell(chosen: Mapping[str, Sequence[Replay]], ended: Mapping[str, str], as_json: bool) -> int:
    if as_json:
        runs = [
            {"run": run, "state": state, "letters": [one.letter for one in chosen[run]]} for run, state in ended.items()
        ]
        print(json.dumps({"runs": runs}, ensure_ascii=False))
    else:
        for run, state in ended.items():
            print(f"{run}  {state:<9}  {counted(len(chosen[run]), 'letter')}")
        letters = sum(len(chosen[run]) for run in ended)
        print(f"replayed {counted(letters, 'dead letter')} of {counted(len(ended), 'run')}", file=sys.stderr)
    return exits.OK if all(state == states.SUCCEEDED for state in ended.values()) else exits.FAILED


def _replays(store: Store, letters: Sequence[Letter], texts: Mapping[str, str]) -> list[Replay]:
    """Raises Refused for a value that one of the tasks cannot be given."""
    plan = store.plan(letters[0].plan_hash, letters[0].workflow)
    need_kinds(plan)
    tasks = {task.name: task for task in plan.workflow.tasks}
    files = FlowFiles(os.getcwd(), "")
    return [Replay(one.run, one.seq, one.attempt, override_of(plan, tasks[one.task], texts, files)) for one in letters]


def _refusal(record: RunRecord) -> str:
    """Why a run cannot go on with a replay; empty where it can."""
    if record.finished_at is None:
        return f"run {record.id} has not ended; replay its dead letters once it has"
    if record.parent is not None:
        return (
            f"run {record.id} is a child run of {record.parent}, which has to go on with it; flow retry {record.parent}"
        )
    if record.state == states.SUCCEEDED:
        return f"run {record.id} has succeeded without that task; start another with: flow run FILE"
    return ""


def _reopen(engine: Embedded, run: str, replays: Sequence[Replay]) -> None:
    count = engine.store.reopen(run, time.time(), engine.incarnation.id, replays)
    if not count:
        raise CommandError(exits.USAGE, "nothing", f"nothing of run {run} can be tried again; flow status {run}")
    print(f"run {run}: trying {counted(count, 'task')} again; what has succeeded stays", file=sys.stderr)

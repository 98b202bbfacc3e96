"""What a replay of dead letters is: which runs can go on, and with which values."""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from flow_engine import states
from flow_engine.dead_letters.contract import Letter, Replay
from flow_engine.errors import Refused
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from flow_lang.params import located
from flow_lang.plan import Plan, Task
from flow_lang.values import Mismatch, encode, parse_text

from flow_runtime.executors.contract import need_kinds
from flow_runtime.executors.work import NameTypes
from flow_runtime.files import FlowFiles


class Wish(NamedTuple):
    """To replay letters of one run. `replays` have values that fit; `refusal` says why the run cannot go on, and then there are none."""

    run: str
    letters: list[str]
    replays: list[Replay]
    refusal: str


class Replayed(NamedTuple):
    """What became of a wish to replay letters of one run: `tasks` are tried again, or `refusal` says why none is."""

    run: str
    letters: list[str]
    tasks: int
    refusal: str


def by_run(letters: Iterable[Letter]) -> dict[str, list[Letter]]:
    """A run goes on once, with all that is chosen of it."""
    ordered = sorted(letters, key=lambda letter: letter.id)
    return {run: list(some) for run, some in groupby(ordered, lambda letter: letter.run)}


def wish_of(store: Store, letters: Sequence[Letter], texts: Mapping[str, str], folder: str | None = None) -> Wish:
    """Letters of one run. `texts` are values by name; paths in them start at `folder`, or at the folder of the run. Values are judged here
    alone: whoever has all wishes before the first `replay` begins nothing where one of them is wrong. Raises Refused for a value that one
    of the tasks cannot be given."""
    record = store.run(letters[0].run)
    # that all were answered is told by `reopen`, with when
    refusal = "" if all(one.replayed_at or one.dropped_at for one in letters) else refusal_of(record)
    replays = [] if refusal else _replays(store, letters, texts, folder or record.folder)
    return Wish(record.id, [letter.id for letter in letters], replays, refusal)


def replay(store: Store, wish: Wish, owner: str | None = None) -> Replayed:
    """Raises Refused where one of the letters was answered."""
    run, letters, replays, refusal = wish
    if refusal:
        return Replayed(run, letters, 0, refusal)
    if count := store.reopen(run, time.time(), owner, replays):
        return Replayed(run, letters, count, "")
    why = refusal_of(store.run(run)) or f"nothing of run {run} can be tried again; flow status {run}"
    return Replayed(run, letters, 0, why)


def _replays(store: Store, letters: Sequence[Letter], texts: Mapping[str, str], folder: str) -> list[Replay]:
    plan = store.plan(letters[0].plan_hash, letters[0].workflow)
    need_kinds(plan)
    tasks = {task.name: task for task in plan.workflow.tasks}
    files = FlowFiles(os.path.abspath(folder), "")
    return [Replay(one.run, one.seq, one.attempt, override_of(plan, tasks[one.task], texts, files)) for one in letters]


def refusal_of(record: RunRecord) -> str:
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


def override_of(plan: Plan, task: Task, texts: Mapping[str, str], files: FlowFiles) -> dict[str, Any]:
    """JSON by name. `texts` are written by a person; paths in them start at the folder of `files`. Raises Refused where the task does not
    read such a name, or its type is another one."""
    names = [name for name in task.reads if "." not in name]
    types = NameTypes(plan.workflow)
    found: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in names:
            known = f"it reads: {', '.join(names)}" if names else "it reads nothing"
            raise Refused(f"the task `{task.name}` does not read `{name}`; {known}")
        type_ = types.of(task, name)
        try:
            found[name] = encode(type_, located(type_, parse_text(type_, text), files))
            json.dumps(found[name], ensure_ascii=False).encode()
        except Mismatch as error:
            raise Refused(f"`{name}` of the task `{task.name}` must be `{type_}`, and is {error.shown}") from None
        except RecursionError:
            raise Refused(f"`{name}` of the task `{task.name}` is nested too deeply") from None
        except UnicodeEncodeError:
            raise Refused(f"`{name}` of the task `{task.name}` holds half of a surrogate pair, no character") from None
    return found

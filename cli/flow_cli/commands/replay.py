"""`flow dlq replay`: the tasks of dead letters are tried again, each letter once."""

import json
import sys
from collections.abc import Sequence

from flow_engine import states
from flow_engine.dead_letters.contract import LetterFilter

from flow_cli import exits
from flow_cli.backends.replayer import Ended, Replayer
from flow_cli.commands.watch import watch
from flow_cli.params import given_params
from flow_cli.progress.text import counted
from flow_cli.request import RunRequest


def replay_one(id_: str, request: RunRequest, replayer: Replayer) -> int:
    """The exit code of the run, as `flow run` gives it."""
    texts, _ = given_params(request)
    with replayer.one(id_, texts) as (run, tasks):
        told = f"run {run.run}: trying {counted(tasks, 'task')} again; what has succeeded stays"
        print(told, file=sys.stderr)
        return watch(run, request)


def replay_all(wanted: LetterFilter, request: RunRequest, replayer: Replayer) -> int:
    """0 where each of the runs has succeeded then, or there was nothing to replay."""
    texts, _ = given_params(request)
    ended = []
    for one in replayer.all(wanted, texts):
        if one.refusal:
            print(f"left out: {one.refusal}", file=sys.stderr)
        else:
            ended.append(one)
    _tell(ended, request.json)
    return exits.OK if all(one.state == states.SUCCEEDED for one in ended) else exits.FAILED


def _tell(ended: Sequence[Ended], as_json: bool) -> None:
    if as_json:
        runs = [{"run": one.run, "state": one.state, "letters": one.letters} for one in ended]
        print(json.dumps({"runs": runs}, ensure_ascii=False))
        return
    for one in ended:
        print(f"{one.run}  {one.state:<9}  {counted(len(one.letters), 'letter')}")
    letters = sum(len(one.letters) for one in ended)
    print(f"replayed {counted(letters, 'dead letter')} of {counted(len(ended), 'run')}", file=sys.stderr)

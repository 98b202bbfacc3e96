"""`flow retry`, `flow diff`: an ended run tried again, by itself or with an edited file."""

import json

from flow_cli import exits
from flow_cli.backends.open import runner
from flow_cli.commands.watch import watch
from flow_cli.guard import guarded
from flow_cli.request import RunRequest


def retry(run: str | None, file: str | None, request: RunRequest) -> int:
    """The exit code of the run, as `flow run` gives it."""
    return guarded(lambda: _retry(run, file, request), request.json)


def _retry(run: str | None, file: str | None, request: RunRequest) -> int:
    with runner(request.url).retry(run, file, request) as watched:
        return watch(watched, request)


def diff(run: str, file: str, as_json: bool, url: str | None) -> int:
    """What an edited file would take over from a run: 0 where that is all of it, 1 where something runs again."""
    found = runner(url).diff(run, file)
    again = found.pop("again")
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for task in found["tasks"]:
            print(f"  {task['task']:<24} {'taken over' if task['reused'] else 'runs again  ' + task['reason']}")
        for name in found["removed"]:
            print(f"  {name:<24} removed")
    return exits.FAILED if again else exits.OK

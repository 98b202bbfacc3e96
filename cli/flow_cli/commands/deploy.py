"""`flow deploy`: a file's schedules, kept in the state with their plans."""

import json
import os
import sys
import time

from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import Store
from flow_runtime.embedded import open_store
from flow_runtime.plans import compile_file
from flow_runtime.schedules.specs import deployment
from flow_runtime.state_folder import StateFolder, find_state

from flow_cli import exits
from flow_cli.commands.schedules import line, schedule_document
from flow_cli.failure import CommandError
from flow_cli.sources import load, split_target


def deploy(target: str, as_json: bool) -> int:
    state = state_of(target)
    store = open_store(state)
    records = deploy_target(store, target, state)
    store.close()
    if as_json:
        print(json.dumps({"schedules": [schedule_document(record) for record in records]}, ensure_ascii=False))
        return exits.OK
    for record in records:
        print(f"deployed {line(record)}", file=sys.stderr)
    print("`flow server` or `flow scheduler` fires what is deployed", file=sys.stderr)
    return exits.OK


def state_of(target: str) -> StateFolder:
    return find_state(os.path.dirname(os.path.abspath(split_target(target)[0])))


def deploy_target(store: Store, target: str, state: StateFolder) -> list[ScheduleRecord]:
    """Deploys the workflow that is named, or all of the file that have a schedule. Raises CommandError where there is none."""
    path, workflow = split_target(target)
    loaded = [load(target, state)]  # tells what is wrong with the file
    if workflow is None:
        loaded = [load(f"{path}:{name}", state) for name in compile_file(path, None).workflows]
    now = time.time()
    deployments = [found for found in (deployment(one, now) for one in loaded) if found is not None]
    if not deployments:
        who = f"{path} has no workflow with a schedule" if workflow is None else f"{workflow} has no schedule"
        raise CommandError(exits.USAGE, "no_schedule", f'{who}; give it one: schedule = cron("0 2 * * *")')
    return [store.deploy(one) for one in deployments]

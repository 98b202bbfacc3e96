"""The schedules of a file, kept in the local state with their plans."""

import os
import time

from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import Store
from flow_runtime.plans import Loaded, compile_file
from flow_runtime.schedules.specs import deployment
from flow_runtime.state_folder import StateFolder, find_state

from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.sources import load, split_target


def state_of(target: str) -> StateFolder:
    return find_state(os.path.dirname(os.path.abspath(split_target(target)[0])))


def deploy_target(store: Store, target: str, state: StateFolder) -> list[ScheduleRecord]:
    """Deploys the workflow that is named, or all of the file that have a schedule. Raises CommandError where there is none."""
    now = time.time()
    found = [deployment(one, now) for one in scheduled(target, state)]
    return [store.deploy(one) for one in found if one is not None]


def scheduled(target: str, state: StateFolder | None) -> list[Loaded]:
    """The workflow that is named, or all of the file, that have a schedule. Raises CommandError where there is none."""
    path, workflow = split_target(target)
    loaded = [load(target, state)]  # tells what is wrong with the file
    if workflow is None:
        loaded = [load(f"{path}:{name}", state) for name in compile_file(path, None).workflows]
    found = [one for one in loaded if one.plan is not None and one.plan.workflow.schedule is not None]
    if not found:
        who = f"{path} has no workflow with a schedule" if workflow is None else f"{workflow} has no schedule"
        raise CommandError(exits.USAGE, "no_schedule", f'{who}; give it one: schedule = cron("0 2 * * *")')
    return found

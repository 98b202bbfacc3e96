"""The workflows of a file, kept in the local state with their plans."""

import os
import time

from flow_engine.deployments import Deployed
from flow_engine.stores.contract import Store
from flow_runtime.plans import Loaded, compile_file, load_plan
from flow_runtime.schedules.specs import deployment
from flow_runtime.state_folder import StateFolder, find_state

from flow_cli.sources import load, split_target


def state_of(target: str) -> StateFolder:
    return find_state(folder_of(target))


def folder_of(target: str) -> str:
    return os.path.dirname(os.path.abspath(split_target(target)[0]))


def deploy_target(store: Store, target: str, state: StateFolder) -> list[Deployed]:
    """Deploys the workflow that is named, or those of the file that `to_deploy` gives."""
    now = time.time()
    return [store.deploy(deployment(one, now)) for one in to_deploy(target, state)]


def to_deploy(target: str, state: StateFolder | None) -> list[Loaded]:
    """The workflow that is named; of a file those that have a schedule, or that no other workflow of it runs as a part of its own."""
    path, workflow = split_target(target)
    loaded = [load(target, state)]  # tells what is wrong with the file, once
    if workflow is not None:
        return loaded
    loaded = [load_plan(path, name, state) for name in compile_file(path, None).workflows]
    plans = [one.plan for one in loaded if one.plan is not None]
    parts = {name for plan in plans for name in plan.workflows if name != plan.entry}
    return [one for one, plan in zip(loaded, plans, strict=True) if plan.workflow.schedule or plan.entry not in parts]

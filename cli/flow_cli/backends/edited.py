"""The edited file of `flow retry --with` and `flow diff`."""

import os

from flow_engine.model import RunRecord
from flow_runtime.plans import Loaded
from flow_runtime.state_folder import StateFolder

from flow_cli.sources import load


def load_for(file: str, record: RunRecord, state: StateFolder | None) -> Loaded:
    """The file with the workflow of the run, unless another is named."""
    name = record.workflow.rpartition(":")[2]  # of an imported file, whose workflow has that name there
    named = name if ":" not in os.path.basename(file) and name.isidentifier() else ""
    loaded = load(file, state)
    if named and loaded.plan is not None and loaded.plan.entry != named:
        loaded = load(f"{file}:{named}", state)
    return loaded

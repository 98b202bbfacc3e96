"""The run of a file on this machine, before it is submitted."""

import os
import time
from typing import Any

from flow_engine.ids import later_id
from flow_engine.model import NewRun
from flow_runtime.plans import Loaded


def new_run(newest: str | None, loaded: Loaded, params: dict[str, Any], owner: str | None = None) -> NewRun:
    """The run of a loaded file, to be submitted after `newest`."""
    assert loaded.plan is not None
    now, workflow = time.time(), loaded.plan.workflow
    return NewRun(
        later_id(newest, now, os.urandom),
        loaded.plan_hash,
        loaded.plan,
        loaded.bundle,
        params,
        loaded.folder,
        now,
        workflow.priority,
        workflow.labels,
        owner=owner,
    )

"""Whether the pools that a plan names are there: said when a run is submitted, before any of it waits for one."""

from flow_lang.plan import Plan

from flow_engine.decisions.gates import Usage
from flow_engine.errors import UnknownPool


def need_pools(plan: Plan, usage: Usage) -> None:
    """Raises UnknownPool for a pool of the server that is missing or smaller than what a task takes of it."""
    own = {pool.name for pool in plan.workflow.pools}
    for task in plan.workflow.tasks:
        if task.pool and task.pool not in own:
            size = usage.pool_size(task.pool)
            if size is None or size < task.slots:
                raise UnknownPool(task.pool, task.name, task.slots, size)

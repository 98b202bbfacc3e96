"""The graph of a run: its workflow, coloured by the states of its tasks."""

from collections.abc import Iterable

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import Workflow

from flow_runtime.graph.model import Graph, NodeState, graph_of


def graph_of_run(store: Store, record: RunRecord) -> Graph:
    workflow = store.plan(record.plan_hash, record.workflow).workflow
    return graph_of(workflow, node_states(workflow, store.tasks(record.id)), record.state)


def node_states(workflow: Workflow, rows: Iterable[TaskRecord]) -> dict[str, NodeState]:
    """One state for each task of the workflow; instances of a `for` are counted."""
    found: dict[str, NodeState] = {}
    for row in rows:
        task = workflow.tasks[row.node]
        if row.place is None:
            total = row.size or 0 if task.loop else 1
            found[task.name] = NodeState(row.state, 0, total, 0, row.attempt)
            continue
        group = found[task.name]
        done = group.done + (row.state in (states.SUCCEEDED, states.SKIPPED))
        failed = group.failed + (row.state in (states.FAILED, states.UPSTREAM_FAILED))
        state = states.RUNNING if group.state == states.EXPANDING and row.state not in states.FINAL else group.state
        found[task.name] = group._replace(
            done=done, failed=failed, state=state, attempt=max(group.attempt, row.attempt)
        )
    return found

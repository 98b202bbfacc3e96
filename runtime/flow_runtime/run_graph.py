"""The graph of a run: its workflow, coloured by the states of its tasks, with their times."""

from collections.abc import Iterable

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_lang.plan import Workflow

from flow_runtime.graph.model import Graph, NodeState, graph_of
from flow_runtime.run_reads import RunReads


def graph_of_run(store: RunReads, record: RunRecord, now: float | None = None) -> Graph:
    """`now` gives what is open a time as well. Without it a drawing stays the same for as long as no state changes."""
    workflow = store.plan(record.plan_hash, record.workflow).workflow
    return graph_of(workflow, node_states(workflow, store.tasks(record.id), now), record.state)


def node_states(workflow: Workflow, rows: Iterable[TaskRecord], now: float | None = None) -> dict[str, NodeState]:
    """One state for each task of the workflow; instances of a `for` are counted."""
    found: dict[str, NodeState] = {}
    for row in rows:
        task = workflow.tasks[row.node]
        if row.place is None:
            total = row.size or 0 if task.loop else 1
            found[task.name] = NodeState(row.state, 0, total, 0, row.attempt, 0, _took(row, now))
        else:
            found[task.name] = _with_instance(found[task.name], row)
    return found


def _with_instance(group: NodeState, row: TaskRecord) -> NodeState:
    return group._replace(
        done=group.done + (row.state in (states.SUCCEEDED, states.SKIPPED)),
        failed=group.failed + (row.state in (states.FAILED, states.UPSTREAM_FAILED)),
        skipped=group.skipped + (row.state == states.SKIPPED),
        state=states.RUNNING if group.state == states.EXPANDING and row.state not in states.FINAL else group.state,
        attempt=max(group.attempt, row.attempt),
    )


def _took(row: TaskRecord, now: float | None) -> float | None:
    """Seconds of its last attempt; of a `for`, from its beginning to its end. What waits to be tried again has none."""
    end = row.finished_at if row.state in states.FINAL else None if row.state == states.READY else now
    return None if row.started_at is None or end is None else round(max(end - row.started_at, 0.0), 2)

"""Which child runs end with their parent: those of its main part. What handles the end of the parent may call workflows too."""

from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import MAIN

from flow_runtime.signals import awaits_of


def ending_children(store: Store, parent: RunRecord) -> list[str]:
    """The child runs, not ended yet, that a cancellation or a failure of the parent ends."""
    children = store.children(parent.id)
    handling = _handling(store, parent) if children else set()
    return [child for child in children if child not in handling]


def ends_with_parent(store: Store, record: RunRecord) -> bool:
    """Whether the run is a child whose parent has ended, or is being ended together with it."""
    if record.parent is None:
        return False
    parent = store.run(record.parent)
    if parent.finished_at is not None:
        return True
    return parent.cancel_requested_at is not None and record.id not in _handling(store, parent)


def _handling(store: Store, parent: RunRecord) -> set[str]:
    """The child runs that tasks of a later phase wait for."""
    tasks = store.plan(parent.plan_hash, parent.workflow).workflow.tasks
    waits = [awaits_of(row) for row in store.tasks(parent.id) if tasks[row.node].phase != MAIN]
    return {awaits.name for awaits in waits if awaits is not None and awaits.kind == "child"}

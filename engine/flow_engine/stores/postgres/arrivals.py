"""New runs, as they are written."""

import json

from flow_lang.named import NamedTuple

from flow_engine.decisions.graph import RunGraph
from flow_engine.ids import shard_of
from flow_engine.model import NewRun


class Arrival(NamedTuple):
    """A new run: its number, and its graph."""

    no: int
    graph: RunGraph


def run_row(no: int, new: NewRun) -> tuple[object, ...]:
    params, labels = json.dumps(new.params), json.dumps(new.labels)
    values = (
        no,
        new.id,
        new.namespace,
        shard_of(new.id),
        new.plan_hash,
        new.plan.entry,
        params,
        new.folder,
        new.priority,
    )
    parent, parent_seq = new.parent or (None, None)
    return (*values, labels, new.idempotency_key, new.owner, new.created_at, parent, parent_seq, new.based_on)

"""`flow worker`: a process that works on the runs of a state which nobody else works on."""

import os
from collections.abc import Sequence

from flow_runtime.daemon import Daemon
from flow_runtime.embedded import open_store
from flow_runtime.role_log import announce, set_up
from flow_runtime.shared_state import need_safe, open_queue
from flow_runtime.state_folder import StateFolder, find_state, need_labels
from flow_runtime.telemetry.address import metrics_address

from flow_cli import exits
from flow_cli.role_settings import Source, chosen, flags, settle, watch_of


def worker(
    slots: int | None,
    runs: int,
    labels: Sequence[str] = (),
    metrics_port: int | None = None,
    source: Source = Source(),  # noqa: B008  a tuple
) -> int:
    configuration = settle("worker", source, flags=flags(metrics_port, labels, slots=slots))
    state, metrics = labelled(find_state(os.getcwd()), labels), metrics_address(metrics_port)
    set_up("worker")
    open_store(state).close()  # a state that cannot be used is told now, and not tried again for ever
    if state.queue_url:
        need_safe(open_queue(state.queue_url))
    if state.labels and not state.database_url:
        announce("labels count where the state is in PostgreSQL; here this worker takes every task")
    announce(f"working on the runs of {state.name}; Ctrl-C ends it when its tasks have ended")
    slots = chosen(slots, "FLOW_SLOTS")
    Daemon(state, slots, runs, metrics=metrics, watch=watch_of(configuration, "worker")).serve()
    return exits.OK


def labelled(state: StateFolder, labels: Sequence[str]) -> StateFolder:
    """With those that were given in place of those of the environment. Raises Refused."""
    return state._replace(labels=need_labels(labels)) if labels else state

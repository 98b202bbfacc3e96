"""`flow worker`: a process that works on the runs of a state which nobody else works on."""

import os
import sys

from flow_runtime.daemon import Daemon
from flow_runtime.embedded import open_store
from flow_runtime.shared_state import need_safe, open_queue
from flow_runtime.state_folder import find_state

from flow_cli import exits


def worker(slots: int | None, runs: int) -> int:
    state = find_state(os.getcwd())
    open_store(state).close()  # a state that cannot be used is told now, and not tried again for ever
    if state.queue_url:
        need_safe(open_queue(state.queue_url))
    print(f"working on the runs of {state.name}; Ctrl-C ends it when its tasks have ended", file=sys.stderr)
    Daemon(state, slots, runs).serve()
    return exits.OK

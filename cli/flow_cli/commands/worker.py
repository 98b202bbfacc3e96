"""`flow worker`: a process that works on the runs of a state which nobody else works on."""

import os
import sys

from flow_runtime.daemon import Daemon
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import find_state

from flow_cli import exits
from flow_cli.failure import CommandError


def worker(slots: int | None, runs: int) -> int:
    state = find_state(os.getcwd())
    try:
        open_store(state).close()  # a state that cannot be used is told now, and not tried again for ever
    except OSError as error:
        raise CommandError(
            exits.UNREACHABLE, "state", f"the state {state.root} cannot be made: {error.strerror}; set FLOW_HOME"
        ) from None
    print(f"working on the runs of {state.root}; Ctrl-C ends it when its tasks have ended", file=sys.stderr)
    Daemon(state, slots, runs).serve()
    return exits.OK

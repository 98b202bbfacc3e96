"""What workers leave in the state folder, and its removal once nobody needs it.

A worker that ends removes its own. One that was killed leaves its lock, its start cursor (which tells what it had started, so that it stays
until the runs are taken over), the folders of its slots, and those of attempts that were under way.
"""

import os
import re
from collections.abc import Iterator
from functools import partial

from flow_engine.crash_points import reached
from flow_engine.errors import UnknownRun
from flow_engine.stores.contract import Store

from flow_runtime.executors.folders import remove_folder, slot_folder
from flow_runtime.incarnation import alive, bury
from flow_runtime.state_folder import StateFolder

_SLOT = r"(?:slot-(?P<slot>\w+)-\d+(?:\.\d+)?|engine-(?P<engine>\w+))"
_ATTEMPT = r"(?P<run>\w+)-\d+\.\d+"


def remove_own(state: StateFolder, incarnation: str, slots: int) -> bool:
    """The folders of a worker whose slots have ended; whether anything else is left, by other workers or by a slot that was killed."""
    for slot in range(slots):
        remove_folder(slot_folder(state.scratch, incarnation, slot))
    others = any(not name.startswith(incarnation) for name in os.listdir(state.engines))
    return others or bool(os.listdir(state.scratch))


def sweep(state: StateFolder, store: Store, own: str) -> int:
    """Removes what dead workers have left that no run needs any more: how many of them. `own` is the worker that asks, which lives."""
    needed = {own, *store.owners()}
    traces = [name for name in _incarnations(state) if name not in needed]
    dead = {name for name in traces if bury(state, name, partial(_owns, store, name))}
    if dead:
        reached("leftovers.buried")
    for entry in os.listdir(state.scratch):
        if _is_left(entry, dead, state, store):
            remove_folder(os.path.join(state.scratch, entry))
    return len(dead)


def _owns(store: Store, incarnation: str) -> bool:
    return incarnation in store.owners()


def _incarnations(state: StateFolder) -> Iterator[str]:
    """All that have left a trace."""
    for name in os.listdir(state.engines):
        yield name.partition(".")[0]
    for entry in os.listdir(state.scratch):
        found = re.fullmatch(_SLOT, entry)
        if found is not None:
            yield found["slot"] or found["engine"]


def _is_left(entry: str, dead: set[str], state: StateFolder, store: Store) -> bool:
    """Of a dead worker's slots, and of runs that have ended. What an engine wrote while it evaluated may be a result, and stays."""
    slot = re.fullmatch(_SLOT, entry)
    if slot is not None:
        # one that was born when the dead were counted has looked like them for a moment; it has a folder only once it has its lock
        return slot["slot"] in dead and not alive(state, slot["slot"])
    attempt = re.fullmatch(_ATTEMPT, entry)
    if attempt is None:
        return False
    try:
        return store.run(attempt["run"]).finished_at is not None
    except UnknownRun:
        return True

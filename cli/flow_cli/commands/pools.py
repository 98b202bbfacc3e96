"""`flow pool list`, `flow pool set`: the pools of the server, which all runs of a state share."""

import json
import os
import sys

from flow_runtime.embedded import open_store
from flow_runtime.state_folder import find_state

from flow_cli import exits
from flow_cli.commands.runs import here
from flow_cli.failure import CommandError


def list_pools(as_json: bool) -> int:
    _, store = here()
    pools = store.pools()
    if as_json:
        print(json.dumps({"pools": [{"name": name, "slots": slots} for name, slots in pools.items()]}))
    elif not pools:
        print("no pools yet; make one with: flow pool set NAME SLOTS", file=sys.stderr)
    else:
        print(f"{'POOL':<20}  SLOTS")
        print(*(f"{name:<20}  {slots}" for name, slots in pools.items()), sep="\n")
    return exits.OK


def set_pool(name: str, slots: int) -> int:
    if not name.isidentifier():
        raise CommandError(
            exits.USAGE, "pool", f"a task cannot name the pool {name!r}: use letters, digits and _, as in pool = api"
        )
    state = find_state(os.getcwd())
    store = open_store(state)
    store.set_pool(name, slots)
    store.close()
    print(f"the pool {name} of {state.root} has {slots} slots", file=sys.stderr)
    return exits.OK

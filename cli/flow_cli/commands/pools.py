"""`flow pool list`, `flow pool set`: the pools of the server, which all runs of a state share."""

import json
import sys

from flow_cli import exits
from flow_cli.backends.contract import Backend
from flow_cli.failure import CommandError


def list_pools(place: Backend, as_json: bool) -> int:
    pools = place.pools()
    if as_json:
        print(json.dumps({"pools": [{"name": name, "slots": slots} for name, slots in pools.items()]}))
    elif not pools:
        print("no pools yet; make one with: flow pool set NAME SLOTS", file=sys.stderr)
    else:
        print(f"{'POOL':<20}  SLOTS")
        print(*(f"{name:<20}  {slots}" for name, slots in pools.items()), sep="\n")
    return exits.OK


def set_pool(place: Backend, name: str, slots: int) -> int:
    if not name or not name.isprintable():
        raise CommandError(exits.USAGE, "pool", f'no pool is called {name!r}; tasks name one as in pool = "api"')
    where = place.set_pool(name, slots)
    print(f"the pool {name} of {where} has {slots} slots", file=sys.stderr)
    return exits.OK

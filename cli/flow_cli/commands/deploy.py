"""`flow deploy`: a file's schedules, kept with their plans in the local state or on a server."""

import json
import sys

from flow_cli import exits
from flow_cli.backends.contract import Backend
from flow_cli.commands.schedules import line


def deploy(place: Backend, target: str, as_json: bool) -> int:
    documents = place.deploy(target)
    if as_json:
        print(json.dumps({"schedules": list(documents)}, ensure_ascii=False))
        return exits.OK
    for document in documents:
        print(f"deployed {line(document)}", file=sys.stderr)
    print("`flow server` or `flow scheduler` fires what is deployed", file=sys.stderr)
    return exits.OK

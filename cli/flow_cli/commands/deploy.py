"""`flow deploy`: a file's workflows, kept with their plans in the local state or on a server."""

import json
import sys
from typing import Any

from flow_cli import exits
from flow_cli.backends.contract import Backend
from flow_cli.commands.schedules import instants


def deploy(place: Backend, target: str, as_json: bool) -> int:
    documents = place.deploy(target)
    if as_json:
        print(json.dumps({"workflows": list(documents)}, ensure_ascii=False))
        return exits.OK
    for document in documents:
        print(_line(document), file=sys.stderr)
    if any(document["schedule"] for document in documents):
        print("`flow server` or `flow scheduler` fires what has a schedule", file=sys.stderr)
    return exits.OK


def _line(document: dict[str, Any]) -> str:
    deployed = f"deployed {document['workflow']}, version {document['version']}"
    return f"{deployed}: {instants(document['schedule'])}" if document["schedule"] else deployed

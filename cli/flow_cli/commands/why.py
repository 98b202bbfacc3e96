"""`flow why`: the reason for a task's state."""

import json

from flow_cli import exits
from flow_cli.backends.contract import Backend


def why(place: Backend, run: str, key: str, as_json: bool) -> int:
    found = place.why(place.find(run), key)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(f"{key} {found['state']}: {found['why'][0]}", *found["why"][1:], sep="\n")
    return exits.OK

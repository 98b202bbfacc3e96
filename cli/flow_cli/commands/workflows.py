"""`flow workflow list`, `show`, `remove`: what is deployed."""

import json
import sys

from flow_cli import exits
from flow_cli.backends.contract import Backend
from flow_cli.commands.schedules import instants


def list_workflows(place: Backend, as_json: bool) -> int:
    found = place.workflows()
    if as_json:
        print(json.dumps({"workflows": list(found)}, ensure_ascii=False))
    elif not found:
        print("no workflows are deployed yet; deploy those of a file with: flow deploy FILE", file=sys.stderr)
    else:
        print(f"{'WORKFLOW':<24}  {'VERSION':>7}  DEPLOYED")
        for one in found:
            print(f"{one['workflow']:<24}  {one['version']:>7}  {one['deployed_at']}")
    return exits.OK


def show(place: Backend, name: str, as_json: bool) -> int:
    found = place.workflow(name)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return exits.OK
    print(f"{found['workflow']}, version {found['version']}, deployed {found['deployed_at']}")
    for param in found["params"]:
        needed = "" if param["required"] else "  (has a default)"
        print(f"  -p {param['name']}: {param['type']}{needed}{'  ' + param['doc'] if param['doc'] else ''}")
    if found["schedule"]:
        print(f"schedule: {instants(found['schedule'])}")
    for one in found["versions"][1:]:
        print(f"before: version {one['version']}, deployed {one['deployed_at']}")
    return exits.OK


def remove(place: Backend, name: str) -> int:
    place.remove_workflow(name)
    print(f"removed {name}; its runs stay", file=sys.stderr)
    return exits.OK

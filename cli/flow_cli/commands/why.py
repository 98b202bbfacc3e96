"""`flow why`: the reason for a task's state."""

import json

from flow_runtime.document import key_of
from flow_runtime.why import Why

from flow_cli import exits
from flow_cli.commands.runs import find_run, here
from flow_cli.failure import CommandError


def why(run: str, key: str, as_json: bool) -> int:
    _, store = here()
    record = find_run(store, run)
    reasons = Why(store, record)
    row = reasons.row(key)
    if row is None:
        plan = store.plan(record.plan_hash, record.workflow)
        known = ", ".join(key_of(plan, row) for row in store.tasks(record.id) if row.place is None)
        raise CommandError(exits.USAGE, "unknown_task", f"run {record.id} has no task {key}; it has: {known}")
    lines = reasons.lines(row)
    if as_json:
        print(json.dumps({"run": record.id, "task": key, "state": row.state, "why": lines}, ensure_ascii=False))
    else:
        print(f"{key} {row.state}: {lines[0]}", *lines[1:], sep="\n")
    return exits.OK

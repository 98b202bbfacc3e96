"""`flow gc`: removes old runs and what nothing needs any more."""

import json
import os
import sys

from flow_runtime.retention.collect import Collected, Collector
from flow_runtime.retention.policy import policy_of
from flow_runtime.state_folder import find_state
from flow_runtime.state_store import open_store
from flow_runtime.storage.setting import storage_here

from flow_cli import exits
from flow_cli.progress.text import counted

_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "bytes"))


def gc(keep_for: str | None, keep: int | None, dry: bool, shrink: bool, as_json: bool) -> int:
    state = find_state(os.getcwd())  # which brings what its configuration says into the environment
    policy = policy_of(keep_for, keep, os.environ)
    if not state.database_url and not os.path.exists(state.database):
        collected = Collected()
    else:
        store = open_store(state)
        try:
            collected = Collector(state, store, store.removal, dry=dry, storage=storage_here()).collect(policy)
            if shrink and not dry:
                store.removal.shrink()
        finally:
            store.close()
    if as_json:
        print(json.dumps({"dry_run": dry, **collected._asdict()}))
        return exits.OK
    print(_text(collected, dry))
    if policy.keeps_all:
        print(
            "every run is kept; --keep-for 30d or --keep 100 (FLOW_KEEP_FOR, FLOW_KEEP_RUNS) let old ones go",
            file=sys.stderr,
        )
    return exits.OK


def _text(collected: Collected, dry: bool) -> str:
    parts = [
        counted(collected.runs, "run"),
        counted(collected.plans, "plan"),
        counted(collected.cached, "cached result"),
        counted(collected.files, "kept file"),
        counted(collected.folders, "folder") + " of logs and sources",
    ]
    return f"{'would remove' if dry else 'removed'} {', '.join(parts)}: {_size(collected.bytes)} beside the database"


def _size(count: int) -> str:
    divisor, name = next((unit for unit in _UNITS if count >= unit[0]), _UNITS[-1])
    return f"{count / divisor:,.1f} {name}" if divisor > 1 else f"{count} {name}"

"""`flow doctor`: whether this machine has what the engine needs, and the fix for what it has not."""

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from typing import NamedTuple

from flow_engine.errors import FlowError
from flow_runtime.embedded import open_store
from flow_runtime.graph.model import Graph
from flow_runtime.graph.render import RenderError, render
from flow_runtime.settings.layer import BY_KEY
from flow_runtime.settings.resolve import file_of
from flow_runtime.settings.yaml_file import of_file
from flow_runtime.shared_state import open_queue
from flow_runtime.state_folder import find_state
from flow_runtime.storage.setting import storage_address, storage_at

from flow_cli import exits

DISK = 200 * 1024 * 1024


class Check(NamedTuple):
    """`found` is what there is; `fix` what to do where it is not `ok`."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def doctor(as_json: bool) -> int:
    """0 where all is well, 1 where something is missing."""
    settings = _settings()
    # what asks for the state would fail by the same cause again
    checks = [settings, *(check() for check in CHECKS if settings.ok or check not in OF_STATE)]
    if as_json:
        print(json.dumps({"ok": all(check.ok for check in checks), "checks": [check._asdict() for check in checks]}))
    else:
        for check in checks:
            print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<12} {check.found}")
            if not check.ok:
                print(f"      fix: {check.fix}")
    return exits.OK if all(check.ok for check in checks) else exits.FAILED


def _settings() -> Check:
    try:
        root = find_state(os.getcwd()).root
    except FlowError as error:
        return Check("settings", False, str(error), "correct what is named; docs/configuration.md has all settings")
    return Check("settings", True, file_of(root, os.environ) or "of the environment")


def _privacy() -> Check:
    """Whether a file with passwords is for its owner alone."""
    file = file_of(find_state(os.getcwd()).root, os.environ)
    if not file or not any(BY_KEY[key].secret for key in of_file(file).texts):
        return Check("passwords", True, "in no file of settings")
    private = os.stat(file).st_mode & 0o044 == 0
    return Check(
        "passwords", private, f"in {file}, which {'its owner' if private else 'others'} can read", f"chmod 600 {file}"
    )


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= (3, 11), version, "install Python 3.11 or later")


def _sqlite() -> Check:
    return Check(
        "sqlite",
        sqlite3.sqlite_version_info >= (3, 35),
        sqlite3.sqlite_version,
        "use a Python with SQLite 3.35 or later",
    )


def _bash() -> Check:
    found = shutil.which("bash")
    return Check("bash", found is not None, found or "not on PATH", 'install bash, or write with = "sh" in shell tasks')


def _state() -> Check:
    state = find_state(os.getcwd())
    try:
        open_store(state).close()
    except (FlowError, OSError) as error:
        return Check("state", False, str(error), "make the folder writable, or set FLOW_HOME to one that is")
    return Check("state", True, state.name)


def _queue() -> Check:
    state = find_state(os.getcwd())
    if not state.queue_url:
        return Check("queue", True, "none: one worker process keeps it in memory, several look into the database")
    try:
        queue = open_queue(state.queue_url)
        queue.check()
        return Check("queue", True, f"{queue.depth().leased} hints are in workers' hands")
    except FlowError as error:
        return Check("queue", False, str(error), "name another one with FLOW_QUEUE")


def _disk() -> Check:
    root = find_state(os.getcwd()).root
    free = shutil.disk_usage(root if os.path.isdir(root) else os.getcwd()).free
    return Check("disk", free >= DISK, f"{free // 2**20:,} MiB free", f"free some space on the disk of {root}")


def _processes() -> Check:
    """Bodies are awaited through pidfds, and orphans are found in /proc."""
    ok = hasattr(os, "pidfd_open") and os.path.isdir("/proc/self")
    return Check("processes", ok, sys.platform, "run Flow on Linux 5.4 or later, with /proc mounted")


def _temporary() -> Check:
    try:
        with tempfile.TemporaryDirectory() as folder:
            return Check("temporary", True, os.path.dirname(folder))
    except OSError as error:
        return Check("temporary", False, str(error), "set TMPDIR to a folder that can be written")


def _graphviz() -> Check:
    try:
        render(Graph("doctor", (), ()), "svg")
    except RenderError as error:
        return Check("graphviz", False, str(error), "pip install graphviz-pure, or install Graphviz")
    return Check("graphviz", True, shutil.which("dot") or "graphviz-pure")


def _storage() -> Check:
    """A small object is put, read, listed and removed."""
    address, key = storage_address(), f"doctor/{os.uname().nodename}-{os.getpid()}"
    if not address:
        return Check("storage", True, "the state folder (FLOW_STORAGE is not set)")
    fix = "see docs/storage.md"
    try:
        storage = storage_at(address)
        storage.put_bytes(key, b"flow")
        found = storage.read(key) == b"flow" and key in {entry.key for entry in storage.entries("doctor")}
        storage.remove(key)
    except FlowError as error:
        return Check("storage", False, str(error), fix)
    return Check("storage", found, storage.shown if found else f"{storage.shown} does not give what was put there", fix)


CHECKS: tuple[Callable[[], Check], ...] = (
    _python,
    _sqlite,
    _bash,
    _processes,
    _privacy,
    _state,
    _queue,
    _storage,
    _disk,
    _temporary,
    _graphviz,
)
OF_STATE = (_privacy, _state, _queue, _storage, _disk)

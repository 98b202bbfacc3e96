"""From a flow file to a plan, with the compiled plan kept in the state folder, so that an unchanged file is not compiled again.

A kept plan names every file that was read and the hash of its content; it is used only while all of them are as they were and the
compile gave no warning (which must be shown each time).
"""

import json
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flow_lang import plan as plan_format
from flow_lang.bundle import bundle_hash, bundle_of, plan_from_json
from flow_lang.digests import sha256_of
from flow_lang.named import NamedTuple
from flow_lang.plan import Plan

from flow_runtime.state_folder import StateFolder

if TYPE_CHECKING:
    from flow_lang.compile import Compiled
    from flow_lang.diagnostics import Diagnostic
    from flow_lang.source import Source


class Loaded(NamedTuple):
    """`plan` is None where the file has errors; `folder` is the absolute folder of the file."""

    plan: Plan | None
    plan_hash: str
    bundle: str
    folder: str
    diagnostics: "Sequence[Diagnostic]"
    sources: "dict[str, Source]"


class FolderLoader:
    """Reads imported files below the entry's folder, and remembers what it read: the hash of each file's text, by its path."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.digests: dict[str, str] = {}

    def read(self, path: str) -> str:
        full = os.path.realpath(os.path.join(self._folder, path))
        if not full.startswith(os.path.realpath(self._folder) + os.sep):
            raise FileNotFoundError(f"{path} lies outside of the folder of the flow file")
        with open(full, encoding="utf-8", newline="") as stream:
            text = stream.read()
        self.digests[path] = sha256_of(text)
        return text


def load_plan(path: str, workflow: str | None, state: StateFolder | None) -> Loaded:
    """Raises OSError where the file cannot be read, UnicodeDecodeError where it is not UTF-8."""
    folder = os.path.dirname(os.path.abspath(path))
    with open(path, encoding="utf-8", newline="") as stream:
        text = stream.read()
    kept = _kept_path(state, os.path.abspath(path), workflow) if state else ""
    found = _read_kept(kept, text, folder) if kept else None
    if found is not None:
        return found
    return _compile(path, text, workflow, folder, kept)


def _compile(path: str, text: str, workflow: str | None, folder: str, kept: str) -> Loaded:
    from flow_lang.compile import compile_source
    from flow_lang.source import Source

    loader = FolderLoader(folder)
    compiled = compile_source(Source(path, text), loader, workflow)
    if compiled.plan is None:
        return Loaded(None, "", "", folder, compiled.diagnostics, compiled.sources)
    plan = compiled.plan._replace(file=os.path.basename(path))
    bundle = bundle_of(plan)
    digest = bundle_hash(bundle)
    if kept and not compiled.diagnostics:
        _keep(kept, {"entry": sha256_of(text), "files": loader.digests, "hash": digest}, bundle)
    return Loaded(plan, digest, bundle, folder, compiled.diagnostics, compiled.sources)


def check_file(path: str) -> "Compiled":
    """What is wrong with the file, which may be one without a workflow. Raises OSError, UnicodeDecodeError."""
    from flow_lang.compile import check_source

    return check_source(*_source(path))


def _source(path: str) -> "tuple[Source, FolderLoader]":
    from flow_lang.source import Source

    with open(path, encoding="utf-8", newline="") as stream:
        return Source(path, stream.read()), FolderLoader(os.path.dirname(os.path.abspath(path)))


def compile_file(path: str, workflow: str | None) -> "Compiled":
    """The file compiled afresh, with its tests. Raises OSError, UnicodeDecodeError."""
    from flow_lang.compile import compile_source

    compiled = compile_source(*_source(path), workflow)
    if compiled.plan is None:
        return compiled
    return compiled._replace(plan=compiled.plan._replace(file=os.path.basename(path)))


def _kept_path(state: StateFolder, path: str, workflow: str | None) -> str:
    return os.path.join(
        state.plans, sha256_of(f"{plan_format.FORMAT}\0{_version()}\0{path}\0{workflow or ''}")[:32] + ".json"
    )


def _version() -> str:
    """What the compiler itself depends on: its own files' times, so that another Flow compiles afresh, be it newer or older."""
    return " ".join(_times(os.path.dirname(plan_format.__file__)))


def _times(folder: str) -> Iterator[str]:
    """The name and the time of the last change of each source file in the folder and below it."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name in ("__pycache__", "pages"):
            continue
        if entry.is_dir():
            yield from _times(entry.path)
        else:
            yield f"{entry.name} {entry.stat().st_mtime_ns}"


def _read_kept(kept: str, text: str, folder: str) -> Loaded | None:
    """None where there is no kept plan, where it is of other sources, or where the file is damaged."""
    try:
        with open(kept, encoding="utf-8", newline="") as stream:
            found: dict[str, Any] = json.loads(stream.readline())
            bundle = stream.read()
        digest = found["hash"]
        fresh = (
            found["entry"] == sha256_of(text) and bundle_hash(bundle) == digest and _unchanged(found["files"], folder)
        )
        return Loaded(plan_from_json(json.loads(bundle)), digest, bundle, folder, (), {}) if fresh else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _keep(kept: str, sources: dict[str, Any], bundle: str) -> None:
    """A line about the sources, then the bundle. Best effort: a state that cannot be written is told by the store, which needs it more."""
    partial = f"{kept}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        with open(partial, "w", encoding="utf-8", newline="") as stream:
            stream.write(json.dumps(sources) + "\n")
            stream.write(bundle)
        os.rename(partial, kept)
    except (OSError, UnicodeEncodeError):
        return


def _unchanged(digests: dict[str, str], folder: str) -> bool:
    loader = FolderLoader(folder)
    return all(sha256_of(loader.read(path)) == digest for path, digest in digests.items())

"""What a server is sent to begin a run: the source alone where it needs nothing beside it, else the folder of the file."""

import os
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple, TypeVar

from flow_client.answers import Origin
from flow_client.client import Client
from flow_client.errors import Problem
from flow_lang.params import bind
from flow_lang.plan import Workflow
from flow_lang.values import File
from flow_runtime.files import FlowFiles
from flow_runtime.plans import Loaded
from flow_runtime.state_folder import ROOT_MARKS, find_state

from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.params import given_params
from flow_cli.request import RunRequest
from flow_cli.sources import diagnosed, load, split_target

T = TypeVar("T")

_AT_HOME = ("python", "call")
"""Bodies that may import whatever lies beside the file."""
_LOOKS = ("file", "dir", "glob")
"""Functions that look for files."""


def send(client: Client, loaded: Loaded, root: str | None, call: Callable[[Origin], T]) -> T:
    """What `call` gives with the workflow as the server has got it: with the folder `root`, or its source alone."""
    assert loaded.plan is not None
    plan = loaded.plan
    if root is None:
        return call(Origin(source=plan.sources[plan.file], file=plan.file, workflow=plan.entry))
    from flow_runtime.archives import pack  # most sources need no folder

    packed = pack(root)
    file = os.path.relpath(os.path.join(os.path.realpath(loaded.folder), plan.file), root)
    origin = Origin(folder=packed.digest, file=file, workflow=plan.entry)
    try:
        client.send_folder(packed.digest, packed.path)
        try:
            return call(origin)
        except Problem as problem:
            if problem.kind != "unknown-folder":  # it was removed in this moment
                raise
            client.send_folder(packed.digest, packed.path)
            return call(origin)
    finally:
        os.unlink(packed.path)


def load_to_send(target: str) -> Loaded:
    """As `load`, with the plans that a state beside the file has kept; none is made for it."""
    state = find_state(os.path.dirname(os.path.abspath(split_target(target)[0])))
    return load(target, state if os.path.isdir(state.root) else None)


def folder_to_send(loaded: Loaded, given: Collection[str] = ()) -> str | None:
    """The folder of the flow file, or the one above it that holds all that the plan names beside it; None where it names nothing.
    `given`: parameters whose defaults do not count. Raises CommandError where that folder lies above the project."""
    assert loaded.plan is not None
    plan = loaded.plan
    workflows = [_without_defaults(workflow, given) for workflow in plan.workflows.values()]
    paths = list(_looked_for(workflows))
    kinds = {task.body.kind for workflow in workflows for task in workflow.tasks}
    if len(plan.sources) == 1 and not paths and kinds.isdisjoint(_AT_HOME):
        return None
    folder = os.path.realpath(loaded.folder)
    for path in paths:
        above = os.path.normpath(path).split(os.sep).count(os.pardir)
        if len(_parents(folder)) <= above:
            told = f"{path} lies outside of the project, which is what can be sent: give an absolute path of the server's machine"
            raise CommandError(exits.USAGE, "outside", told)
    return _parents(folder)[max((os.path.normpath(path).split(os.sep).count(os.pardir) for path in paths), default=0)]


def _parents(folder: str) -> list[str]:
    """The folder and those above it, up to the root of the project, if there is one."""
    found = [folder]
    while not any(os.path.exists(os.path.join(found[-1], mark)) for mark in ROOT_MARKS):
        parent = os.path.dirname(found[-1])
        if parent == found[-1]:
            return [folder]
        found.append(parent)
    return found


def _without_defaults(workflow: Workflow, given: Collection[str]) -> Workflow:
    params = [param._replace(default=None) if param.name in given else param for param in workflow.params]
    return workflow._replace(params=tuple(params))


def _looked_for(part: Any) -> Iterator[str]:
    """The relative path, or the known beginning of it, of each call of a function that looks for files."""
    if not isinstance(part, list | tuple):
        return
    match part:
        case ["call", str(function), ["lit", str(path)] | ["interp", ["lit", str(path)], *_]] if function in _LOOKS:
            if not os.path.isabs(path):
                yield path
        case ["call", str(function), *_] if function in _LOOKS:
            yield ""
    for inner in part:
        yield from _looked_for(inner)


class GivenFiles:
    """The files that parameters name, as a server is told of them: from the flow file's folder on where they are inside of it, which
    then has to be sent, else by their absolute path, where the server has to have them itself."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.realpath(folder)
        self.inside = False

    def stat(self, path: str) -> File:
        full = os.path.normpath(os.path.join(os.getcwd(), path))
        full = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
        if os.path.commonpath([full, self._folder]) != self._folder:
            return File(full, 0)
        self.inside = True
        return File(os.path.relpath(full, self._folder), os.stat(full).st_size)

    def glob(self, pattern: str) -> list[File]:
        raise AssertionError("a parameter names files one by one")

    def write(self, suffix: str, text: str) -> File:
        raise AssertionError("a parameter that is given writes no file")


class Given(NamedTuple):
    """The parameters that a request gives, as JSON, and the folder that has to be sent with them, if one has."""

    params: dict[str, Any]
    root: str | None


def given(loaded: Loaded, request: RunRequest, complete: bool = True) -> Given:
    """`complete`: all that have no default must be given. Raises CommandError with the diagnostics of wrong ones."""
    assert loaded.plan is not None
    texts, values = given_params(request)
    workflow, files = loaded.plan.workflow, GivenFiles(loaded.folder)
    if not complete:
        workflow = workflow._replace(params=tuple(p for p in workflow.params if p.name in texts or p.name in values))
    params, wrong = bind(workflow, texts, values, loaded.plan.file, FlowFiles(loaded.folder, ""), files)
    if wrong:
        raise diagnosed(wrong, loaded.sources)
    found = {name: value for name, value in params.items() if name in texts or name in values}
    root = folder_to_send(loaded, found)
    return Given(found, os.path.realpath(loaded.folder) if root is None and files.inside else root)

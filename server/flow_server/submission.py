"""What came over HTTP, on its way to runs: compiled, its parameters bound, kept.

It is a source, a file in a folder that was sent before, or the name of a deployed workflow. A source has no folder: what it imports or
names by a relative path is looked for in a fresh empty folder below the state.
"""

import errno
import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from flow_engine.deployments import Version
from flow_engine.errors import StoreError
from flow_engine.ids import later_id
from flow_engine.model import NewRun, TaskRecord
from flow_engine.stores.contract import Store, Submitted
from flow_lang.bundle import bundle_hash, bundle_of
from flow_lang.compile import Compiled, compile_source
from flow_lang.diagnostics import Diagnostic, to_dict
from flow_lang.params import bind
from flow_lang.plan import Plan
from flow_lang.source import Source
from flow_lang.values import File
from flow_runtime.files import FlowFiles
from flow_runtime.plans import load_plan
from flow_runtime.state_folder import StateFolder

from flow_server.body import too_large
from flow_server.folders import flow_file, unknown_folder
from flow_server.problem import Problem
from flow_server.relative import relative_files
from flow_server.shapes import wrong_field
from flow_server.wishes import SOURCE_LIMIT, Submission, Wish

FILE = "submitted.flow"
NO_FOLDER = (
    "a source submitted over HTTP has no folder beside it: put the code into the source, give absolute paths of files on "
    "the server's machine, or send the folder too, as `flow run FILE --url` does"
)


class Origin(NamedTuple):
    """A compiled workflow and where it is from: `folder` is that of its file, and None where each run gets an empty one of its own."""

    plan: Plan
    bundle: str
    plan_hash: str
    folder: str | None


class Prepared(NamedTuple):
    """A run that may be kept. `based_on` and `rows`: the run whose results it takes over, and those."""

    wish: Wish
    origin: Origin
    params: dict[str, Any]
    based_on: str | None = None
    rows: tuple[TaskRecord, ...] = ()


def check_source(source: str) -> None:
    if len(source.encode()) > SOURCE_LIMIT:
        raise too_large("`source`", SOURCE_LIMIT)


def compiled(source: str, workflow: str | None, name: str = FILE) -> Compiled:
    """Raises Problem where the source is nested deeper than the compiler goes."""
    try:
        return compile_source(Source(name, source), _NoFiles(), workflow)
    except RecursionError:
        raise _too_deep() from None


def origin_of(state: StateFolder, submission: Submission) -> Origin:
    """Of a source or of a file in a folder. Raises Problem with the diagnostics of a wrong one."""
    if submission.source is None:
        return _from_folder(state, submission)
    check_source(submission.source)
    found = compiled(submission.source, submission.workflow, submission.file or FILE)
    if found.plan is None:
        refuse("wrong-source", found.diagnostics, found.sources)
    absent = relative_files(found.plan, NO_FOLDER)
    if absent:
        refuse("wrong-source", absent, found.sources)
    bundle = bundle_of(found.plan)
    return Origin(found.plan, bundle, bundle_hash(bundle), None)


def _from_folder(state: StateFolder, submission: Submission) -> Origin:
    path = flow_file(state, submission.folder or "", submission.file or "")
    try:
        loaded = load_plan(path, submission.workflow, None)
    except FileNotFoundError:
        raise unknown_folder(submission.folder or "") from None  # it was removed in this moment
    except UnicodeDecodeError as error:
        raise wrong_field("file", f"is not UTF-8 text: byte {error.start} is {error.reason}") from None
    except RecursionError:
        raise _too_deep() from None
    if loaded.plan is None:
        refuse("wrong-source", loaded.diagnostics, loaded.sources)
    return Origin(loaded.plan, loaded.bundle, loaded.plan_hash, loaded.folder)


def deployed_origin(store: Store, name: str, version: int | None = None) -> Origin:
    """Of a deployed workflow, as it was deployed, in its newest version unless one is given. Raises UnknownWorkflow and Problem."""
    record = version_of(store, name, version)
    plan = store.plan(record.plan_hash, record.workflow)
    return Origin(plan, store.bundle(record.plan_hash), record.plan_hash, record.folder)


def version_of(store: Store, name: str, number: int | None) -> Version:
    """Raises UnknownWorkflow, and Problem where there was no such version."""
    found = store.versions(name, 1)[0]
    if number is None or number == found.number:
        return found
    for one in store.versions(name, found.number):
        if one.number == number:
            return one
    raise Problem(404, "unknown-version", f"{name} has the versions 1 to {found.number}, and no version {number}")


def prepared(origin: Origin, wish: Wish) -> Prepared:
    """Raises Problem with the diagnostics of wrong parameters."""
    files = _NoFiles() if origin.folder is None else FlowFiles(origin.folder, "")
    params, wrong = bind(origin.plan.workflow, {}, wish.params, origin.plan.file, files, files)
    if wrong:
        refuse("wrong-parameters", wrong, {})
    return Prepared(wish, origin, params)


def keep(store: Store, state: StateFolder, ready: Sequence[Prepared]) -> list[tuple[Submitted, NewRun]]:
    """Submits the runs, all or none, each with what was asked for. Raises IdempotencyConflict and StoreError."""
    made: list[str] = []
    kept: set[str] = set()
    try:
        news = []
        newest = store.newest()
        for one in ready:
            newest = later_id(newest, time.time(), os.urandom)
            folder = one.origin.folder
            if folder is None:
                folder = _own_folder(state, newest)
                made.append(folder)
            news.append(_new_run(one, newest, folder))
        told = store.submit_all(news)
        kept = {new.folder for new, submitted in zip(news, told, strict=True) if submitted.created}
        return [*zip(told, news, strict=True)]
    finally:
        for folder in made:
            if folder not in kept:
                os.rmdir(folder)


def _own_folder(state: StateFolder, run: str) -> str:
    folder = os.path.join(state.submitted, run)
    try:
        os.makedirs(folder, mode=0o700)
    except OSError as error:
        raise StoreError(f"no folder for the run can be made at {folder}: {error.strerror}") from error
    return folder


def _new_run(ready: Prepared, run: str, folder: str) -> NewRun:
    wish, origin = ready.wish, ready.origin
    new = NewRun(run, origin.plan_hash, origin.plan, origin.bundle, ready.params, folder, time.time())
    return new._replace(
        priority=wish.priority or origin.plan.workflow.priority,
        labels=wish.labels or origin.plan.workflow.labels,
        idempotency_key=wish.idempotency_key,
        based_on=ready.based_on,
        due=wish.due,
        rows=ready.rows,
    )


def diagnostics_of(diagnostics: Sequence[Diagnostic], sources: dict[str, Source]) -> list[dict[str, Any]]:
    return [to_dict(diagnostic, sources) for diagnostic in diagnostics]


def refuse(kind: str, diagnostics: Sequence[Diagnostic], sources: dict[str, Source]) -> NoReturn:
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.is_error]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise Problem(422, kind, f"{errors[0].message}{more}", diagnostics=diagnostics_of(diagnostics, sources))


def _too_deep() -> Problem:
    return Problem(422, "wrong-source", "the source is nested too deeply to be compiled", diagnostics=[])


class _Absent(FileNotFoundError):
    """Told by its reason alone, whoever shows it."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.ENOENT, f"{path} is not there, since {NO_FOLDER}")

    def __str__(self) -> str:
        return str(self.strerror)


class _NoFiles:
    """The loader of imports and the files that parameters name, where there is no folder for relative paths to start at."""

    def read(self, path: str) -> str:
        raise _Absent(path)

    def stat(self, path: str) -> File:
        if os.path.isabs(path):
            return FlowFiles("/", "").stat(path)
        raise _Absent(path)

    def glob(self, pattern: str) -> list[File]:
        raise _Absent(pattern)

    def write(self, suffix: str, text: str) -> File:
        raise PermissionError(errno.EPERM, "a parameter's default cannot write a file on a server; give the parameter")

"""A source that came over HTTP, on its way to a run: compiled, its parameters bound, kept.

It has no folder: what it imports or names by a relative path is looked for in a fresh empty folder below the state.
"""

import errno
import json
import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from flow_engine.errors import StoreError
from flow_engine.ids import later_id
from flow_engine.model import NewRun
from flow_engine.stores.contract import Store, Submitted
from flow_lang.bundle import bundle_hash, bundle_of
from flow_lang.compile import Compiled, compile_source
from flow_lang.diagnostics import Diagnostic, to_dict
from flow_lang.params import bind
from flow_lang.plan import Plan
from flow_lang.source import Source
from flow_lang.values import File
from flow_runtime.files import FlowFiles
from flow_runtime.state_folder import StateFolder

from flow_server.body import too_large, wrong_field
from flow_server.problem import Problem
from flow_server.relative import relative_files

SOURCE_LIMIT = 1 << 20
PARAMS_LIMIT = 1 << 20
LABELS, LABEL_LENGTH, KEY_LENGTH = 32, 200, 200
PRIORITIES = range(10)
FILE = "submitted.flow"
NO_FOLDER = (
    "a source submitted over HTTP has no folder beside it: put the code into the source, or give absolute paths of files on "
    "the server's machine, or run the file there with `flow run`"
)


class Submission(NamedTuple):
    """What `POST /runs` was sent, each field with its right type."""

    source: str
    workflow: str | None = None
    params: dict[str, Any] = {}  # noqa: RUF012  a default that nobody changes
    priority: int = 0
    labels: tuple[str, ...] = ()
    idempotency_key: str | None = None


class Prepared(NamedTuple):
    submission: Submission
    plan: Plan
    bundle: str
    plan_hash: str
    params: dict[str, Any]


def submission_of(fields: dict[str, Any]) -> Submission:
    """Raises Problem where a field is out of its bounds."""
    found = Submission(**{**fields, "labels": tuple(fields.get("labels", ()))})
    check_source(found.source)
    if len(json.dumps(found.params, ensure_ascii=False).encode()) > PARAMS_LIMIT:
        raise too_large("`params`", PARAMS_LIMIT)
    if found.priority not in PRIORITIES:
        raise wrong_field("priority", f"must be from 0 to 9 (9 is most urgent), and is {str(found.priority)[:50]}")
    if len(found.labels) > LABELS:
        raise wrong_field("labels", f"a run has at most {LABELS} labels")
    for label in found.labels:
        if not isinstance(label, str) or not 0 < len(label) <= LABEL_LENGTH:
            raise wrong_field("labels", f"a label is a string of 1 to {LABEL_LENGTH} characters")
    if found.idempotency_key is not None and not 0 < len(found.idempotency_key) <= KEY_LENGTH:
        raise wrong_field("idempotency_key", f"must have 1 to {KEY_LENGTH} characters")
    return found


def check_source(source: str) -> None:
    if len(source.encode()) > SOURCE_LIMIT:
        raise too_large("`source`", SOURCE_LIMIT)


def compiled(source: str, workflow: str | None) -> Compiled:
    """Raises Problem where the source is nested deeper than the compiler goes."""
    try:
        return compile_source(Source(FILE, source), _NoFiles(), workflow)
    except RecursionError:
        raise Problem(422, "wrong-source", "the source is nested too deeply to be compiled", diagnostics=[]) from None


def prepared(submission: Submission) -> Prepared:
    """Raises Problem with the diagnostics of a wrong source or of wrong parameters."""
    found = compiled(submission.source, submission.workflow)
    if found.plan is None:
        _refuse("wrong-source", found.diagnostics, found.sources)
    absent = relative_files(found.plan, NO_FOLDER)
    if absent:
        _refuse("wrong-source", absent, found.sources)
    params, wrong = bind(found.plan.workflow, {}, submission.params, FILE, _NoFiles(), _NoFiles())
    if wrong:
        _refuse("wrong-parameters", wrong, {})
    bundle = bundle_of(found.plan)
    return Prepared(submission, found.plan, bundle, bundle_hash(bundle), params)


def keep(store: Store, state: StateFolder, ready: Prepared) -> Submitted:
    """Submits the run with a folder of its own. Raises IdempotencyConflict and StoreError."""
    now = time.time()
    given = ready.submission
    run = later_id(store.newest(), now, os.urandom)
    folder = os.path.join(state.submitted, run)
    try:
        os.makedirs(folder, mode=0o700)
    except OSError as error:
        raise StoreError(f"no folder for the run can be made at {folder}: {error.strerror}") from error
    new = NewRun(
        run,
        ready.plan_hash,
        ready.plan,
        ready.bundle,
        ready.params,
        folder,
        now,
        given.priority or ready.plan.workflow.priority,
        given.labels or ready.plan.workflow.labels,
    )
    created = False
    try:
        submitted = store.submit(new._replace(idempotency_key=given.idempotency_key))
        created = submitted.created
    finally:
        if not created:
            os.rmdir(folder)
    return submitted


def is_submitted(plan: Plan) -> bool:
    return plan.file == FILE


def diagnostics_of(diagnostics: Sequence[Diagnostic], sources: dict[str, Source]) -> list[dict[str, Any]]:
    return [to_dict(diagnostic, sources) for diagnostic in diagnostics]


def _refuse(kind: str, diagnostics: Sequence[Diagnostic], sources: dict[str, Source]) -> NoReturn:
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.is_error]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise Problem(422, kind, f"{errors[0].message}{more}", diagnostics=diagnostics_of(diagnostics, sources))


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

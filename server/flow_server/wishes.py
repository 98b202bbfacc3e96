"""What a submission asks for, field by field, each within its bounds."""

import json
import time
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field
from starlette.requests import Request

from flow_server.body import too_large
from flow_server.folders import checked_digest
from flow_server.problem import Problem
from flow_server.shapes import A_MOMENT, Body, Moment, printable, wrong_field

SOURCE_LIMIT = 1 << 20
PARAMS_LIMIT = 1 << 20
LABELS, LABEL_LENGTH, KEY_LENGTH, NAME_LENGTH = 32, 200, 200, 200
LATEST = 366 * 86400
"""Seconds from now on in which a run may start."""
BULK = 1000
"""Runs that one request may submit."""

Source = Annotated[str, Field(description="the text of a .flow file, at most 1 MiB")]
Folder = Annotated[
    str,
    Field(
        description="the SHA-256 of the archive of a folder that was sent, as 64 lower-case hexadecimal digits",
        json_schema_extra={"pattern": "^[0-9a-f]{64}$"},  # checked_digest says what is wrong
    ),
]
File = Annotated[
    str,
    Field(description="the path of the flow file in the folder, as a string; beside a source its name, as in etl.flow"),
]
Params = Annotated[dict[str, Any], Field(description="an object by parameter name, at most 1 MiB")]
Label = Annotated[str, Field(min_length=1, max_length=LABEL_LENGTH)]
Key = Annotated[
    str,
    Field(
        min_length=1,
        max_length=KEY_LENGTH,
        description=f"a string of 1 to {KEY_LENGTH} printable characters: the same gives the first run again",
    ),
    AfterValidator(printable),
]


class SourceFields(Body):
    """A source, or the file in a folder that was sent."""

    source: Source | None = None
    folder: Folder | None = None
    file: File | None = None


class OriginFields(SourceFields):
    """Which workflow. Beside a source or a folder, `workflow` chooses one of its workflows; alone it is one that was deployed."""

    workflow: str | None = Field(None, description="the name of a workflow, a string")
    version: int | None = Field(
        None,
        ge=1,
        le=2**31 - 1,
        description="a number from 1 on: a version of the deployed workflow; the newest without it",
    )


class WishFields(Body):
    """One run of it."""

    params: Params | None = None
    priority: int | None = Field(None, ge=0, le=9, description="an integer from 0 to 9 (9 is most urgent)")
    labels: list[Label] | None = Field(
        None, max_length=LABELS, description=f"a list of at most {LABELS} strings of 1 to {LABEL_LENGTH} characters"
    )
    idempotency_key: Key | None = None
    delay: float | None = Field(
        None, ge=0, le=LATEST, description=f"a number of seconds from 0 to {LATEST:,}: it starts so much later"
    )
    start_at: Moment | None = Field(
        None, description=f"{A_MOMENT}: it starts then; at most {LATEST // 86400} days from now"
    )


class RunFields(OriginFields, WishFields):
    """A run to be made."""


class BulkFields(OriginFields):
    """Runs to be made, all of one workflow."""

    runs: list[WishFields] = Field(
        min_length=1,
        max_length=BULK,
        description=f"a list of 1 to {BULK:,} runs, each an object with `params` and so on",
    )


class DiffFields(OriginFields):
    """An edited workflow, and parameters that replace those of the run."""

    params: Params | None = None


class RetryFields(DiffFields):
    """Nothing, or an edited workflow to go on with."""

    idempotency_key: Key | None = None


class Submission(NamedTuple):
    """Which workflow: of a `source` (then `file` is its name), of a `file` in a `folder` that was sent, by its digest, or a deployed
    one by its name alone."""

    source: str | None = None
    folder: str | None = None
    file: str | None = None
    workflow: str | None = None
    version: int | None = None

    @property
    def is_deployed(self) -> bool:
        return self.source is None and self.folder is None


class Wish(NamedTuple):
    """One run of it."""

    params: dict[str, Any] = {}  # noqa: RUF012  a default that nobody changes
    priority: int = 0
    labels: tuple[str, ...] = ()
    idempotency_key: str | None = None
    due: float = 0.0
    """When it is to start, in seconds since the epoch."""


def submission_of(fields: SourceFields, workflow: str | None = None) -> Submission:
    """Raises Problem where the fields do not name one workflow."""
    named = fields.workflow if isinstance(fields, OriginFields) else workflow
    version = fields.version if isinstance(fields, OriginFields) else None
    found = Submission(fields.source, fields.folder, fields.file, named, version)
    if version is not None and not (found.is_deployed and named):
        raise wrong_field("version", "goes with the `workflow` that was deployed, and with no source or folder")
    if found.source is not None and found.folder is not None:
        raise wrong_field("folder", "goes with `file`, and not with `source`")
    if found.folder is not None:
        checked_digest(found.folder)
        if found.file is None:
            raise wrong_field("file", "is missing; it is the path of the flow file in the folder")
    elif found.source is None and found.workflow is None:
        raise wrong_field(
            "source", "is missing; give a source, a folder with a file, or the workflow that was deployed"
        )
    elif found.file is not None and not _is_name(found):
        raise wrong_field("file", "beside `source` is the name of the file, as in etl.flow, and no path")
    return found


def _is_name(found: Submission) -> bool:
    name = found.file or ""
    return (
        found.source is not None
        and name.endswith(".flow")
        and len(name) <= NAME_LENGTH
        and name.isprintable()
        and "/" not in name
    )


def wish_of(fields: WishFields | DiffFields, key: str | None = None) -> Wish:
    """`key` is the one of the request's header. Raises Problem where the parameters are too large, or another key is given."""
    if len(json.dumps(fields.params, ensure_ascii=False).encode()) > PARAMS_LIMIT:
        raise too_large("`params`", PARAMS_LIMIT)
    found = Wish(fields.params or {})
    if isinstance(fields, WishFields):
        found = found._replace(
            priority=fields.priority or 0, labels=tuple(fields.labels or ()), due=_due(fields, time.time())
        )
    if isinstance(fields, WishFields | RetryFields):
        found = found._replace(idempotency_key=fields.idempotency_key)
    return found if key is None else _with_key(found, key)


def _due(fields: WishFields, now: float) -> float:
    if fields.start_at is None:
        return now + fields.delay if fields.delay else 0.0
    if fields.delay is not None:
        raise wrong_field("delay", "goes without `start_at`; give one of them")
    if fields.start_at > now + LATEST:
        raise wrong_field("start_at", f"is more than {LATEST // 86400} days from now")
    return fields.start_at


def _with_key(found: Wish, key: str) -> Wish:
    if found.idempotency_key not in (None, key):
        raise wrong_field("idempotency_key", "is another one than that of the header Idempotency-Key; give one of them")
    return found._replace(idempotency_key=key)


def key_of(request: Request) -> str | None:
    """The header Idempotency-Key, which does what the field does. Raises Problem."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= KEY_LENGTH and key.isprintable()):
        raise Problem(422, "wrong-header", f"Idempotency-Key must have 1 to {KEY_LENGTH} printable characters")
    return key

"""What a submission asks for, field by field, each within its bounds."""

import json
from typing import Any, NamedTuple

from starlette.requests import Request

from flow_server.body import too_large, wrong_field
from flow_server.folders import checked_digest
from flow_server.problem import Problem

SOURCE_LIMIT = 1 << 20
PARAMS_LIMIT = 1 << 20
LABELS, LABEL_LENGTH, KEY_LENGTH, NAME_LENGTH = 32, 200, 200, 200
PRIORITIES = range(10)
BULK = 1000
"""Runs that one request may submit."""

ORIGIN_FIELDS: dict[str, type] = {"source": str, "folder": str, "file": str, "workflow": str}
WISH_FIELDS: dict[str, type] = {"params": dict, "priority": int, "labels": list, "idempotency_key": str}


class Submission(NamedTuple):
    """Which workflow: of a `source` (then `file` is its name), of a `file` in a `folder` that was sent, by its digest, or a deployed
    one by its name alone."""

    source: str | None = None
    folder: str | None = None
    file: str | None = None
    workflow: str | None = None

    @property
    def is_deployed(self) -> bool:
        return self.source is None and self.folder is None


class Wish(NamedTuple):
    """One run of it."""

    params: dict[str, Any] = {}  # noqa: RUF012  a default that nobody changes
    priority: int = 0
    labels: tuple[str, ...] = ()
    idempotency_key: str | None = None


def submission_of(fields: dict[str, Any]) -> Submission:
    """Raises Problem where the fields do not name one workflow."""
    found = Submission(*(fields.get(name) for name in Submission._fields))
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


def wish_of(fields: dict[str, Any], key: str | None = None) -> Wish:
    """`key` is the one of the request's header. Raises Problem where a field is out of its bounds."""
    given = {name: fields[name] for name in WISH_FIELDS if name in fields}
    found = Wish(**{**given, "labels": tuple(fields.get("labels", ()))})
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
    return found if key is None else _with_key(found, key)


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

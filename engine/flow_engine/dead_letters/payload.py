"""A dead letter as others read it: JSON of a version, and headers. docs/dead-letters.md describes both."""

import json
from datetime import UTC, datetime
from typing import Any

from flow_engine.dead_letters.contract import Letter

VERSION = 1
"""Rises when a field goes or changes its meaning; a new field may come within a version."""
MOST_BYTES = 512 * 1024
"""Of a payload. Kafka refuses messages of more than a megabyte, unless it is set up otherwise."""
_KEPT = 4096
"""Characters of each text of an error that is too large."""


def payload(letter: Letter) -> bytes:
    """UTF-8 JSON, never more than MOST_BYTES: an error that is too large is cut, and says so."""
    error = _error(letter)
    made = _encoded(letter, error)
    if len(made) <= MOST_BYTES:
        return made
    cut = {name: error[name][:_KEPT] for name in ("code", "message") if isinstance(error.get(name), str)}
    return _encoded(letter, {**cut, "truncated": True})


def headers(letter: Letter) -> list[tuple[str, bytes]]:
    """What a consumer needs to route, count and leave out duplicates without reading the payload."""
    code = _error(letter).get("code")
    texts = {
        "flow-id": letter.id,
        "flow-version": str(VERSION),
        "flow-run": letter.run,
        "flow-task": letter.key,
        "flow-attempt": str(letter.attempt),
        "flow-error-code": code if isinstance(code, str) else "unknown",
        "flow-namespace": letter.namespace,
        "content-type": "application/json",
    }
    return [(name, text[:_KEPT].encode()) for name, text in texts.items()]


def _encoded(letter: Letter, error: dict[str, Any]) -> bytes:
    document = {
        "version": VERSION,
        "id": letter.id,
        "namespace": letter.namespace,
        "workflow": letter.workflow,
        "plan": letter.plan_hash,
        "run": letter.run,
        "labels": list(letter.labels),
        "task": {"key": letter.key, "name": letter.task, "place": letter.place, "seq": letter.seq},
        "attempt": letter.attempt,
        "error": error,
        "failed_at": _moment(letter.created_at),
        "replayed_at": None if letter.replayed_at is None else _moment(letter.replayed_at),
    }
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")


def _error(letter: Letter) -> dict[str, Any]:
    found = json.loads(letter.error)
    return found if isinstance(found, dict) else {"message": found}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")

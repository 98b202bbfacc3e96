"""From an answer to a typed result, by what the task declares."""

import json
import os
import re
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from flow_lang.evaluate import Scope, compile_expr
from flow_lang.plan import Output
from flow_lang.types import Type, present
from flow_lang.values import Mismatch, parse_text
from urllib3.exceptions import HTTPError

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.results import LIMIT, Settler, encode_result
from flow_runtime.executors.work import Work

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

EXCERPT = 2000
"""Characters of an answer's content that an error shows."""
EXCERPT_PATIENCE = 2.0
"""Seconds that an error waits for them."""
LONGEST_WAIT = 6 * 3600.0
"""Seconds that a service can make a retry wait."""
_BLOCK = 1 << 16
_JSON = ("list", "map", "record", "json")
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
STATUS, HEADERS, BODY = "http_status", "http_headers", "http_body"
"""Names that `out` may use for what is not a field of the answer's JSON object."""


class Content:
    """What an answer holds, read once and within bounds: as a text, or into a file. Each may be asked for, and more than once."""

    def __init__(self, answer: "BaseHTTPResponse", limit: int | None) -> None:
        self._answer = answer
        self._limit = limit
        self._saved = ""
        self._read: bytes | None = None
        self.size = 0

    def text(self) -> str:
        """Raises BodyFailed(too_large, output)."""
        data = self._bytes()
        found = _CHARSET.search(self._answer.headers.get("content-type", ""))
        try:
            return data.decode(found[1] if found else "utf-8-sig", "replace")
        except (LookupError, UnicodeError):  # no such charset, or one that cannot replace what is wrong
            return data.decode("utf-8", "replace")

    def save(self, path: str) -> None:
        if self._read is not None or self._saved:
            with open(path, "wb") as copy:
                copy.write(self._bytes())
            return
        with open(path, "wb") as stream:
            for block in self._blocks(None):
                stream.write(block)
        self._saved = path

    def excerpt(self) -> str:
        """The beginning, as far as it comes within EXCERPT_PATIENCE: what is wrong with it is not what has failed."""
        data = b""
        until = time.monotonic() + EXCERPT_PATIENCE
        with suppress(HTTPError, OSError):
            hurry(self._answer, EXCERPT_PATIENCE)
            while len(data) < 4 * EXCERPT and time.monotonic() < until and (block := self._answer.read1(4 * EXCERPT)):
                data += block
        self.size += len(data)
        return data.decode("utf-8", "replace")[:EXCERPT]

    def _bytes(self) -> bytes:
        if self._read is None and self._saved:
            with open(self._saved, "rb") as stream:
                data = stream.read(LIMIT + 1)
            self._bounded(len(data), LIMIT)
            self._read = data
        elif self._read is None:
            self._read = b"".join(self._blocks(LIMIT))
        return self._read

    def _bounded(self, size: int, most: int) -> None:
        if size > most:
            raise BodyFailed(
                "too_large",
                f"the answer is larger than {most // 2**20} MiB, the most that a result may have: declare it -> file",
            )

    def _blocks(self, most: int | None) -> "Any":
        while block := self._answer.read(_BLOCK, decode_content=True):
            self.size += len(block)
            if self._limit is not None and self.size > self._limit:
                raise BodyFailed(
                    "output", f"the answer is larger than the {self._limit:,} B of the task's limits.output"
                )
            if most is not None:
                self._bounded(self.size, most)
            yield block


def result_of(work: Work, scope: Scope, answer: "BaseHTTPResponse", content: Content, url: str) -> object:
    """The task's JSON result. Raises BodyFailed."""
    task, settler = work.task, Settler(work)
    if task.single:
        return encode_result(settler, task.result, _value(work, task.result, content, url), "the answer")
    if not task.outputs:
        return None
    return _Outputs(work, scope, answer, content, url).values(settler)


class _Outputs:
    """`out` names: fields of the JSON object in the answer, or one of the three names for the whole of it."""

    def __init__(self, work: Work, scope: Scope, answer: "BaseHTTPResponse", content: Content, url: str) -> None:
        self._work, self._scope, self._answer = work, scope, answer
        self._content, self._url = content, url
        self._object: dict[str, Any] | None = None

    def values(self, settler: Settler) -> dict[str, object]:
        return {
            output.name: encode_result(settler, output.type, self._given(output), f"out {output.name}")
            for output in self._work.task.outputs
        }

    def _given(self, output: Output) -> Any:
        if output.name == STATUS:
            return self._answer.status
        if output.name == HEADERS:
            return {name.lower(): text for name, text in self._answer.headers.items()}
        if output.path is not None:
            path = os.path.join(self._work.scratch, str(compile_expr(output.path)(self._scope)))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._content.save(path)
            return path
        if output.name == BODY:
            return _value(self._work, output.type, self._content, self._url)
        return self._field(output)

    def _field(self, output: Output) -> Any:
        if self._object is None:
            found = _json(self._content.text())
            if not isinstance(found, dict):
                raise BodyFailed("type_mismatch", f"the answer is no JSON object, so that it has no {output.name}")
            self._object = found
        if output.name not in self._object and output.type.kind != "optional":
            fields = ", ".join(list(self._object)[:20]) or "none"
            raise BodyFailed("missing_output", f"the answer has no field {output.name!r}; it has: {fields}")
        return _decoded(output.type, self._object.get(output.name))


def _value(work: Work, type_: Type, content: Content, url: str) -> Any:
    kind = present(type_).kind
    if kind == "file":
        path = os.path.join(work.scratch, _name_of(url))
        content.save(path)
        return path
    text = content.text()
    if type_.kind == "optional" and not text:
        return None
    if kind in _JSON:
        return _decoded(type_, _json(text))
    try:
        return parse_text(type_, text if kind == "str" else _unquoted(text.strip()))
    except Mismatch as error:
        raise BodyFailed(
            "type_mismatch", f"the answer does not have the declared type: {error}", value=error.shown
        ) from error


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        shown = text[:200] + ("..." if len(text) > 200 else "")
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise BodyFailed("type_mismatch", f"the answer is not JSON ({why}): {shown!r}", value=shown) from error


def _unquoted(text: str) -> str:
    """A JSON string is the text in it, so that a date or a number is read from either."""
    return str(json.loads(text)) if len(text) > 1 and text[0] == text[-1] == '"' else text


def _decoded(type_: Type, value: Any) -> Any:
    from flow_lang.values import decode

    try:
        return decode(type_, known_fields(type_, value))
    except Mismatch as error:
        raise BodyFailed(
            "type_mismatch", f"the answer does not have the declared type: {error}", value=error.shown
        ) from error


def known_fields(type_: Type, value: Any) -> Any:
    """The value without the fields that its record types do not declare: a service may add some on any day."""
    if type_.kind == "record" and isinstance(value, dict):
        return {name: known_fields(type_.field(name) or type_, value[name]) for name in type_.names if name in value}
    if type_.kind == "list" and isinstance(value, list):
        return [known_fields(type_.item or type_, item) for item in value]
    if type_.kind == "map" and isinstance(value, dict):
        return {name: known_fields(type_.item or type_, item) for name, item in value.items()}
    return known_fields(type_.item or type_, value) if type_.kind == "optional" and value is not None else value


def _name_of(url: str) -> str:
    """The last part of the URL's path, as a name for the file."""
    name = unquote(urlsplit(url).path.rpartition("/")[2], errors="replace")
    name = re.sub(r"[^\w.-]", "_", name).lstrip(".")
    return name[-100:] or "answer"


def retry_after(answer: "BaseHTTPResponse") -> float | None:
    """Seconds that a 429 or 503 asks to wait, from either form of Retry-After; at most LONGEST_WAIT."""
    text = answer.headers.get("retry-after", "").strip()
    if answer.status not in (429, 503) or not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)


def hurry(answer: "BaseHTTPResponse", seconds: float) -> None:
    """From now on the other side has this long for each part of its answer."""
    sock = getattr(answer.connection, "sock", None)  # None once all of it was read
    if sock is not None:
        sock.settimeout(seconds)

"""From an answer to a typed result, by what the task declares."""

import json
import os
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from flow_lang.evaluate import Scope, compile_expr
from flow_lang.plan import Output
from flow_lang.types import Type, present
from flow_lang.values import Mismatch, parse_text

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.results import LIMIT, Settler, encode_result
from flow_runtime.executors.work import Work

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

EXCERPT = 2000
"""Characters of an answer's content that an error shows."""
_BLOCK = 1 << 16
_JSON = ("list", "map", "record", "json")
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
STATUS, HEADERS, BODY = "http_status", "http_headers", "http_body"
"""Names that `out` may use for what is not a field of the answer's JSON object."""


class Content:
    """What an answer holds, read once and within bounds: as a text, or into a file."""

    def __init__(self, answer: "BaseHTTPResponse", limit: int | None) -> None:
        self._answer = answer
        self._limit = limit
        self.size = 0

    def text(self) -> str:
        """Raises BodyFailed(too_large, output)."""
        data = b"".join(self._blocks(LIMIT))
        found = _CHARSET.search(self._answer.headers.get("content-type", ""))
        try:
            return data.decode(found[1] if found else "utf-8-sig", "replace")
        except LookupError:
            return data.decode("utf-8", "replace")

    def save(self, path: str) -> None:
        with open(path, "wb") as stream:
            for block in self._blocks(None):
                stream.write(block)

    def excerpt(self) -> str:
        data = self._answer.read(4 * EXCERPT, decode_content=True)
        self.size += len(data)
        return data.decode("utf-8", "replace")[:EXCERPT]

    def _blocks(self, most: int | None) -> "Any":
        while block := self._answer.read(_BLOCK, decode_content=True):
            self.size += len(block)
            if self._limit is not None and self.size > self._limit:
                raise BodyFailed(
                    "output", f"the answer is larger than the {self._limit:,} B of the task's limits.output"
                )
            if most is not None and self.size > most:
                raise BodyFailed(
                    "too_large",
                    f"the answer is larger than {most // 2**20} MiB, the most that a result may have: declare it -> file",
                )
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
    except ValueError as error:
        shown = text[:200] + ("..." if len(text) > 200 else "")
        raise BodyFailed("type_mismatch", f"the answer is not JSON ({error}): {shown!r}", value=shown) from error


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
    """Seconds that a 429 or 503 asks to wait, from either form of Retry-After."""
    text = answer.headers.get("retry-after", "").strip()
    if answer.status not in (429, 503) or not text:
        return None
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)

"""From an `http` body and its values to a request."""

import os
import re
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from flow_lang.evaluate import EvaluationError, Scope, compile_expr
from flow_lang.plan import Body
from flow_lang.values import File, json_text, to_text

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.urls import path_text, query_text, shown_url

AGENT = "flow-dsl"
_WRITES = ("POST", "PATCH")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BREAKS = re.compile(r"[\r\n\0]")
_TYPES = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
    "file": "application/octet-stream",
}


class Request(NamedTuple):
    """`payload` is the body's bytes, or the File that holds them. Names of headers are as written; no two differ in case alone."""

    method: str
    url: str
    headers: dict[str, str]
    payload: bytes | File | None = None


def build_request(body: Body, scope: Scope, idempotency_key: str) -> Request:
    """Evaluates an `http` body. Raises BodyFailed(expression) naming the part that has no usable value."""
    try:
        url = with_query(_url(body, scope), [(name, compile_expr(value)(scope)) for name, value in body.query])
        headers = {name: _header(name, compile_expr(value)(scope)) for name, value in body.headers}
        value = None if body.payload is None else compile_expr(body.payload)(scope)
    except EvaluationError as error:
        raise BodyFailed("expression", f"in the http body: {error}") from error
    given = {name.lower() for name in headers}
    added = {"User-Agent": AGENT, "Accept-Encoding": "gzip, deflate"}
    if body.payload is not None:
        added["Content-Type"] = _TYPES[body.payload_kind]
    if body.function in _WRITES:
        added["Idempotency-Key"] = idempotency_key  # the same for all attempts, as FLOW_IDEMPOTENCY_KEY is
    headers |= {name: text for name, text in added.items() if name.lower() not in given}
    payload = None if body.payload is None else _payload(body.payload_kind, value)
    return Request(body.function, url, headers, payload)


def _url(body: Body, scope: Scope) -> str:
    texts = []
    for part in body.parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        _, how, expr = part
        text = to_text(compile_expr(expr)(scope))
        texts.append(text if how == "raw" else encoded(text))
    return checked_url("".join(texts))


def encoded(text: str) -> str:
    """One part of a URL, whatever the text holds. `.` and `..` would be steps in a path and not a part of it."""
    if text in (".", ".."):
        raise BodyFailed("expression", f"the value {text!r} would be a step in the URL's path, not a part of it")
    return quote(text, safe="", errors="surrogateescape")


def checked_url(url: str) -> str:
    """The URL, with spaces and the like encoded. Raises BodyFailed where it is none of http or https, or has no host."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https"):
        raise BodyFailed("expression", f"the URL must start with http:// or https://, and it is {shown_url(url)!r}")
    try:
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BodyFailed("expression", f"the URL {shown_url(url)!r} is wrong: {error}") from error
    if not host:
        raise BodyFailed("expression", f"the URL {shown_url(url)!r} names no host")
    return urlunsplit((parts.scheme, parts.netloc, path_text(parts.path) or "/", query_text(parts.query), ""))


def with_query(url: str, query: list[tuple[str, Any]]) -> str:
    """The URL with these parameters added: a list gives its name once for each element, null leaves it out."""
    pairs = _pairs(query)
    if not pairs:
        return url
    parts = urlsplit(url)
    added = urlencode(pairs, quote_via=quote)
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def _pairs(fields: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [
        (name, to_text(item))
        for name, value in fields
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def _header(name: str, value: Any) -> str:
    if not _TOKEN.fullmatch(name):
        raise BodyFailed("expression", f"{name!r} is no name of a header")
    text = to_text(value)
    if _BREAKS.search(text):
        raise BodyFailed("expression", f"the header {name} would hold a line break, which no header may")
    return text


def _payload(kind: str, value: Any) -> bytes | File:
    if kind == "file":
        path = value.path if isinstance(value, File) else str(value)
        if not os.path.isfile(path):
            raise BodyFailed("missing_file", f"the file {path}, which the request would send, is not there")
        return File(path, os.stat(path).st_size)
    if kind == "form":
        return urlencode(_pairs(list(value.items())), errors="surrogateescape").encode()
    text = json_text(value) if kind == "json" else to_text(value)
    return text.encode("utf-8", "surrogateescape")

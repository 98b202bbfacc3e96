"""`http` bodies: one request, whose answer is the result."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flow_lang.evaluate import EvaluationError, Scope

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.http.answer import Content, result_of, retry_after
from flow_runtime.executors.http.client import Client
from flow_runtime.executors.http.request import Request, build_request
from flow_runtime.executors.urls import shown_url
from flow_runtime.executors.work import Work

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse


class HttpRunner:
    """Its connections are kept for the requests of one slot."""

    def __init__(self) -> None:
        self._client = Client()

    def run(self, work: Work, scope: Scope) -> object:
        return run_http(work, scope, self._client)


def run_http(work: Work, scope: Scope, client: Client) -> object:
    """The body's JSON result. Raises BodyFailed: `http_404` and the like for a status that is not expected, `connection`, and what
    is wrong with the answer itself."""
    request = build_request(work.task.body, scope, work.environment()["FLOW_IDEMPOTENCY_KEY"])
    with exchange(work, request, client) as (answer, content, url):
        try:
            os.makedirs(work.scratch, exist_ok=True)
            return result_of(work, scope, answer, content, url)
        except EvaluationError as error:
            raise BodyFailed("expression", f"in the http body: {error}") from error


@contextmanager
def exchange(work: Work, request: Request, client: Client) -> "Iterator[tuple[BaseHTTPResponse, Content, str]]":
    """The answer, its content and the URL that gave it, noted in the log. Raises BodyFailed(connection, http_NNN)."""
    task = work.task
    private = tuple(work.secrets.values.values())
    began = time.monotonic()
    note(work, f"{request.method} {shown_url(request.url)}")
    try:
        with client.send(request, task.timeout, task.body.expect, private) as (answer, url):
            content = Content(answer, task.limits.output)
            try:
                if not expected(answer.status, task.body.expect):
                    raise unexpected(request, answer, content)
                yield answer, content, url
            finally:
                note(work, _answered(answer, content, time.monotonic() - began))
    except BodyFailed as error:
        if error.code == "connection":
            note(work, error.message)
        raise


def expected(status: int, expect: tuple[int, ...]) -> bool:
    return status in expect if expect else 200 <= status <= 299


def unexpected(request: Request, answer: "BaseHTTPResponse", content: Content) -> BodyFailed:
    """The failure of a status that is not expected, with what the other side said."""
    details: dict[str, Any] = {"status": answer.status, "url": shown_url(request.url), "body": content.excerpt()}
    wait = retry_after(answer)
    if wait is not None:
        details["retry_after"] = wait
    message = (
        f"{request.method} {shown_url(request.url)} was answered {answer.status} {_phrase(answer.status)}".rstrip()
    )
    return BodyFailed(f"http_{answer.status}", message, **details)


def note(work: Work, line: str) -> None:
    """A line of the task's log, with the values of its secrets masked."""
    os.makedirs(os.path.dirname(work.log), exist_ok=True)
    with open(work.log, "a", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(work.secrets.masked(line) + "\n")


def _answered(answer: "BaseHTTPResponse", content: Content, seconds: float) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    what = [f"{answer.status} {_phrase(answer.status)}".rstrip(), kind, f"{content.size:,} B", f"{seconds:.3f} s"]
    return ", ".join(part for part in what if part)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

"""Requests over HTTP: the token, what is repeated and for how long, and what becomes of errors.

urllib3 does the work: it was there already for `http` bodies, imports in half of the time of the others, and has retries of its own.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import Retry, Timeout

from flow_client.errors import NotFlow, Problem, Unreachable, WrongAddress

CONNECT, READ = 5.0, 60.0
"""Seconds that a connection, and then each piece of an answer, may take."""
CONNECTS, REPEATS = 6, 3
"""Attempts more, of what did not get through at all and of what may be repeated: about three seconds, the time of a server's restart."""
BUSY = (429, 502, 503, 504)
SAFE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
PIECE = 1 << 16


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.data)
        except ValueError as error:
            raise NotFlow(f"the answer is not JSON ({error}): check that the URL is that of a Flow server") from None


class Address:
    """`url` may have a path, where a proxy puts the server below one. Raises WrongAddress."""

    def __init__(self, url: str, token: str) -> None:
        self.url = _checked_url(url)
        self.headers = {"Authorization": f"Bearer {_checked_token(token)}", "User-Agent": "flow"}

    def of(self, path: str, query: Mapping[str, object] | None) -> str:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return f"{self.url}/api/v1{path}" + (f"?{urlencode(given)}" if given else "")

    def unreachable(self, told: str) -> Unreachable:
        return Unreachable(
            f"no Flow server answers at {self.url} ({told}): start one with `flow server`, or give another --url"
        )

    def error(self, answer: Answer) -> Exception:
        """The server's own words, or that it is none."""
        if answer.headers.get("content-type", "").partition(";")[0] != "application/problem+json":
            return NotFlow(
                f"{self.url} does not answer as a Flow server of this version does (HTTP {answer.status}): check --url"
            )
        found: dict[str, Any] = answer.json
        kind = str(found.get("type", "")).rpartition(":")[2]
        if answer.status == 401:
            return WrongAddress(
                f"{self.url} refuses the token: set FLOW_TOKEN to its token, which is in the file `token` of the server's state folder"
            )
        return Problem(answer.status, kind, str(found.get("detail", "")), found)


class Transport:
    def __init__(self, url: str, token: str) -> None:
        self._address = Address(url, token)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=4, timeout=Timeout(connect=CONNECT, read=READ))

    @property
    def url(self) -> str:
        return self._address.url

    def close(self) -> None:
        self._pool.clear()

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        key: str | None = None,
        repeat: bool = False,
    ) -> Answer:
        """`body` becomes JSON. A POST may be repeated where it has an idempotency `key`, or where `repeat` says so. Raises Unreachable,
        NotFlow and Problem."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        return self._whole(method, path, query, data, headers, repeat or key is not None or method in SAFE)

    def upload(self, path: str, stream: IO[bytes]) -> Answer:
        headers = {"Content-Type": "application/gzip", "Content-Length": str(os.fstat(stream.fileno()).st_size)}
        return self._whole("PUT", path, None, stream, headers, repeat=True)

    def stream(self, path: str, query: Mapping[str, object] | None, headers: Mapping[str, str]) -> Iterator[bytes]:
        """The pieces of an answer that does not end soon."""
        response = self._sent("GET", path, query, None, headers, repeat=True)
        try:
            if response.status >= 400:
                raise self._address.error(Answer(response.status, response.headers, response.data))
            yield from response.stream(PIECE)
        except HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            response.close()  # the connection cannot be used again: there may be more in it

    def _whole(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        body: Any,
        headers: Mapping[str, str],
        repeat: bool,
    ) -> Answer:
        response = self._sent(method, path, query, body, headers, repeat)
        try:
            answer = Answer(response.status, response.headers, response.data)
        except HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            response.release_conn()
        if answer.status >= 300:
            raise self._address.error(answer)
        return answer

    def _sent(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        body: Any,
        headers: Mapping[str, str],
        repeat: bool,
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(
                method,
                self._address.of(path, query),
                body=body,
                headers={**self._address.headers, **headers},
                preload_content=False,
                redirect=False,  # the token must not follow it
                retries=_retries(repeat),
            )
        except HTTPError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: HTTPError) -> Unreachable:
        reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        told = str(reason).rpartition(": ")[2] or type(reason).__name__
        return self._address.unreachable(told)


def path_of(*parts: str) -> str:
    """`/runs/01kx/tasks/fetch%5B3%5D`."""
    return "".join("/" + quote(part, safe="") for part in parts)


def _retries(repeat: bool) -> Retry:
    return Retry(
        total=None,
        connect=CONNECTS,
        read=REPEATS if repeat else 0,
        other=0,
        status=REPEATS if repeat else 0,
        allowed_methods=None,  # `read` and `status` say whether
        status_forcelist=BUSY if repeat else (),
        backoff_factor=0.1,
        backoff_max=2.0,
        backoff_jitter=0.1,
        raise_on_status=False,
        retry_after_max=10,
    )


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise WrongAddress(f"{url!r} is no URL of a server ({error}): write it as http://127.0.0.1:8700") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or port == 0:
        raise WrongAddress(f"{url!r} is no URL of a server: write it as http://127.0.0.1:8700")
    if parts.username or parts.password:
        raise WrongAddress("the URL of a server holds no name and password: put the token into FLOW_TOKEN")
    return url.strip().rstrip("/")


def _checked_token(token: str) -> str:
    given = token.strip()
    if not given:
        raise WrongAddress(
            "a server asks for a token: set FLOW_TOKEN, as in export FLOW_TOKEN=$(cat .flow/token), where the server keeps its state"
        )
    if not given.isascii() or not given.isprintable() or " " in given:
        raise WrongAddress("FLOW_TOKEN must be printable ASCII characters without spaces: copy it again")
    return given

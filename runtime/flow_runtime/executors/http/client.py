"""Sends requests: connections are kept for the next body of the slot, redirects are followed, certificates are verified.

urllib3 and not http.client: it keeps connections, goes through proxies, decodes contents within bounds, and is well kept.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import urllib3
from flow_lang.values import File
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.http.answer import hurry
from flow_runtime.executors.http.request import Request, checked_url
from flow_runtime.executors.urls import shown_url

CONNECT = 30.0
"""Seconds until a connection stands."""
SILENCE = 300.0
"""Seconds without a byte, where the task has no timeout of its own."""
REDIRECTS = 10
LITTLE = 1 << 16
"""Bytes of an answer that nobody wants and that are read all the same, so that its connection may be kept."""
LINGER = 0.2
"""Seconds that are waited for each part of them."""
_REDIRECT = (301, 302, 303, 307, 308)
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization"}
_AGAIN = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
"""Methods that may be sent again where a kept connection turns out to be closed."""


class Client:
    """One for each slot."""

    def __init__(self) -> None:
        self._direct = urllib3.PoolManager(num_pools=20, maxsize=1)
        self._proxies: dict[str, urllib3.ProxyManager] = {}

    @contextmanager
    def send(
        self, request: Request, timeout: float | None = None, stay: tuple[int, ...] = (), private: tuple[str, ...] = ()
    ) -> Iterator[tuple[urllib3.BaseHTTPResponse, str]]:
        """The answer, whose content is not read yet, and the URL that gave it.

        `timeout`: the task's, whose end the engine brings; None bounds the silence of the other side. A redirect with a status in
        `stay` is not followed. Headers that hold one of the `private` texts go to no other host, like credentials.
        Raises BodyFailed(connection).
        """
        for _ in range(REDIRECTS + 1):
            answer = self._sent(request, timeout)
            try:
                if answer.status in stay or answer.status not in _REDIRECT or "location" not in answer.headers:
                    try:
                        yield answer, request.url
                    except HTTPError as error:  # while its content is read
                        raise _failed(request, error) from error
                    return
                request = _redirected(request, answer.status, answer.headers["location"], private)
            finally:
                _finish(answer)
        raise BodyFailed("connection", f"more than {REDIRECTS} redirects, the last one to {shown_url(request.url)}")

    def _fresh(self) -> None:
        """Lets go of kept connections."""
        for pool in (self._direct, *self._proxies.values()):
            pool.clear()

    def _sent(self, request: Request, timeout: float | None) -> urllib3.BaseHTTPResponse:
        if request.method not in _AGAIN:
            self._fresh()  # a kept connection may be closed, and what is sent on it must not be sent again
        try:
            return self._once(request, timeout)
        except ProtocolError as error:
            if request.method not in _AGAIN:
                raise _failed(request, error) from error
            self._fresh()
        except (HTTPError, OSError) as error:
            raise _failed(request, error) from error
        try:
            return self._once(request, timeout)
        except (HTTPError, OSError) as error:
            raise _failed(request, error) from error

    def _once(self, request: Request, timeout: float | None) -> urllib3.BaseHTTPResponse:
        seconds = urllib3.Timeout(connect=CONNECT, read=SILENCE if timeout is None else None)
        headers = {
            name: text.encode("utf-8", "surrogateescape").decode("latin-1") for name, text in request.headers.items()
        }
        with _content(request.payload) as content:
            if isinstance(request.payload, File):
                headers["Content-Length"] = str(request.payload.size)
            return self._pool(request.url).request(
                request.method,
                request.url,
                body=content,
                headers=headers,
                timeout=seconds,
                retries=False,
                redirect=False,
                preload_content=False,
            )

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Through the proxy that the environment names for this URL, as curl does."""
        if not any(name.lower().endswith("_proxy") for name in os.environ):
            return self._direct
        from urllib.request import getproxies_environment, proxy_bypass

        parts = urlsplit(url)
        found = getproxies_environment()
        proxy = found.get(parts.scheme) or found.get("all")
        if not proxy or proxy_bypass(parts.hostname or ""):
            return self._direct
        if proxy not in self._proxies:
            user = urlsplit(proxy)
            login = f"{user.username}:{user.password or ''}" if user.username else None
            headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
            self._proxies[proxy] = urllib3.ProxyManager(proxy, proxy_headers=headers)
        return self._proxies[proxy]


@contextmanager
def _content(payload: bytes | File | None) -> Iterator[bytes | IO[bytes] | None]:
    if not isinstance(payload, File):
        yield payload
        return
    with open(payload.path, "rb") as stream:
        yield stream


def _redirected(request: Request, status: int, location: str, private: tuple[str, ...]) -> Request:
    """What a browser does: 303 reads, and so do 301 and 302 after a POST; 307 and 308 repeat the request as it was."""
    try:
        url = checked_url(urljoin(request.url, location))
    except (ValueError, BodyFailed) as error:
        what = f"{request.method} {shown_url(request.url)} was answered {status}, a redirect to {location[:200]!r}"
        raise BodyFailed("connection", f"{what}, which cannot be followed: {error}") from error
    method, payload, headers = request.method, request.payload, request.headers
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, payload = "GET", None
        headers = {
            name: text for name, text in headers.items() if name.lower() not in ("content-type", "content-length")
        }
    if _origin(url) != _origin(request.url):
        if isinstance(payload, bytes) and any(
            secret.encode("utf-8", "surrogateescape") in payload for secret in private
        ):
            what = f"{request.method} {shown_url(request.url)} was answered {status}, a redirect to {shown_url(url)}"
            raise BodyFailed("connection", f"{what}: the body has a secret in it, which goes to no other host")
        headers = {name: text for name, text in headers.items() if not _is_private(name, text, private)}
    return Request(method, url, headers, payload)


def _is_private(name: str, text: str, private: tuple[str, ...]) -> bool:
    return name.lower() in _CREDENTIALS or any(secret in text for secret in private)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _finish(answer: urllib3.BaseHTTPResponse) -> None:
    """Gives the connection back where nothing is left to read, or little that comes at once; else closes it."""
    rest: Any = b"?"
    with suppress(HTTPError, OSError):
        hurry(answer, LINGER)
        rest = answer.read(LITTLE, decode_content=False) and answer.read(1, decode_content=False)
    if rest:
        answer.close()
    answer.release_conn()


def _failed(request: Request, error: Exception) -> BodyFailed:
    """DNS, refused, reset, TLS, silence: each in the words of its cause."""
    return BodyFailed(
        "connection",
        f"{request.method} {shown_url(request.url)} could not be done: {reason_of(error)}",
        url=shown_url(request.url),
    )


def reason_of(error: BaseException) -> str:
    """What the library says, without its objects."""
    text = str(error)
    if isinstance(error, NewConnectionError):
        text = text.partition(": ")[2] or text
    args = error.args
    if isinstance(error, ProtocolError) and len(args) > 1 and isinstance(args[1], Exception):
        text = f"{args[0]} {args[1]}"
    return text or type(error).__name__

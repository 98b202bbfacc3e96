"""Requests over HTTP from an event loop: what transport.py does, by httpx2 (`flow-dsl[async]`)."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator, Mapping
from typing import IO, Any, NamedTuple

import httpx2

from flow_client.transport import BUSY, CONNECT, CONNECTS, PIECE, READ, REPEATS, SAFE, Address, Answer

LONGEST_PAUSE = 10.0
"""Seconds that a server's `Retry-After` is waited for, at most."""
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class _Request(NamedTuple):
    method: str
    path: str
    query: Mapping[str, object] | None
    body: bytes | IO[bytes] | None
    headers: Mapping[str, str]
    repeat: bool


class AsyncTransport:
    """`url` may have a path, where a proxy puts the server below one. Raises WrongAddress."""

    def __init__(self, url: str, token: str) -> None:
        self._address = Address(url, token)
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(READ, connect=CONNECT), limits=httpx2.Limits(max_connections=None), trust_env=False
        )

    @property
    def url(self) -> str:
        return self._address.url

    async def close(self) -> None:
        await self._client.aclose()

    async def call(
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
        return await self._whole(
            _Request(method, path, query, data, headers, repeat or key is not None or method in SAFE)
        )

    async def upload(self, path: str, stream: IO[bytes]) -> Answer:
        headers = {"Content-Type": "application/gzip", "Content-Length": str(os.fstat(stream.fileno()).st_size)}
        return await self._whole(_Request("PUT", path, None, stream, headers, repeat=True))

    async def stream(
        self, path: str, query: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> AsyncIterator[bytes]:
        """The pieces of an answer that does not end soon."""
        response = await self._sent(_Request("GET", path, query, None, headers, repeat=True))
        try:
            if response.status_code >= 400:
                raise self._address.error(Answer(response.status_code, response.headers, await response.aread()))
            async for piece in response.aiter_bytes():
                yield piece
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        finally:
            await response.aclose()

    async def _whole(self, request: _Request) -> Answer:
        response = await self._sent(request)
        try:
            answer = Answer(response.status_code, response.headers, await response.aread())
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        finally:
            await response.aclose()
        if answer.status >= 300:
            raise self._address.error(answer)
        return answer

    async def _sent(self, request: _Request) -> httpx2.Response:
        """An answer whose head has come; what may be repeated is, as often as transport.py does."""
        connects, repeats, turn = CONNECTS, REPEATS if request.repeat else 0, 0
        while True:
            turn += 1
            try:
                response = await self._client.send(self._made(request), stream=True)
            except httpx2.TransportError as error:
                not_sent = isinstance(error, _NOT_SENT)
                if not (connects if not_sent else repeats):
                    raise self._unreachable(error) from error
                connects, repeats = (connects - 1, repeats) if not_sent else (connects, repeats - 1)
                await asyncio.sleep(_pause(turn))
                continue
            if response.status_code not in BUSY or not repeats:
                return response
            repeats -= 1
            await response.aclose()
            await asyncio.sleep(_asked_for(response) or _pause(turn))

    def _made(self, request: _Request) -> httpx2.Request:
        content: Any = request.body
        if content is not None and not isinstance(content, bytes):
            content.seek(0)
            content = _pieces(content)
        headers = {**self._address.headers, **request.headers}
        return self._client.build_request(
            request.method, self._address.of(request.path, request.query), content=content, headers=headers
        )

    def _unreachable(self, error: httpx2.TransportError) -> Exception:
        return self._address.unreachable(str(error) or type(error).__name__)


async def _pieces(stream: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(stream.read, PIECE):
        yield piece


def _pause(turn: int) -> float:
    return min(0.1 * 2.0 ** (turn - 1), 2.0) + random.random() * 0.1


def _asked_for(response: httpx2.Response) -> float:
    text = str(response.headers.get("retry-after", ""))
    return min(float(text), LONGEST_PAUSE) if text.isdecimal() else 0.0

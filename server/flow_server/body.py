"""Reading a request's body: bounded, and JSON that everything can work on."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from flow_server.problem import Problem
from flow_server.shapes import B, read_body

BODY_LIMIT = 5 << 20
"""Bytes of a whole body: source and parameters at their limits, with what JSON's escapes add."""
FORM_LIMIT = 16 << 10
SMALL = 16 << 10
"""Bytes of a body that is read where it is: a thread would take longer."""
PATIENCE = 60.0
"""Seconds that a body may take to arrive."""
DEEPEST = 100
"""Lists and objects inside of each other; what works on them later goes deeper into Python's stack than the reader does."""


async def json_body(request: Request, model: type[B], may_be_empty: bool = False) -> B:
    """The object in the body; nothing at all is an empty one where that is said. Raises Problem: 413, 400 for what is not JSON, 422 for a
    wrong, missing or unknown field."""
    data = await bounded(request, BODY_LIMIT)
    if may_be_empty and not data:
        data = b"{}"
    if len(data) <= SMALL:
        return read_body(_parsed(data), model)
    return await run_in_threadpool(lambda: read_body(_parsed(data), model))


async def form_body(request: Request, limit: int = FORM_LIMIT, fields: int = 50) -> dict[str, str]:
    """The fields of an HTML form, those that are empty too; of a repeated field, the last. At most `limit` bytes."""
    data = await bounded(request, limit)
    if len(data) <= SMALL:
        return _fields(data, fields)
    return await run_in_threadpool(lambda: _fields(data, fields))


async def bounded(request: Request, limit: int) -> bytes:
    return b"".join([chunk async for chunk in chunks(request, limit, PATIENCE)])


async def chunks(request: Request, limit: int, patience: float) -> AsyncGenerator[bytes, None]:
    """The body as it arrives: at most `limit` bytes, and all of it within `patience` seconds. Raises Problem."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large("the request body", limit)
    size = 0
    try:
        async with asyncio.timeout(patience):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise too_large("the request body", limit)
                yield chunk
    except TimeoutError:
        detail = f"the request body was not there within {patience:g} s; send it faster"
        raise Problem(408, "too-slow", detail, {"Connection": "close"}) from None


def too_large(what: str, limit: int) -> Problem:
    return Problem(413, "too-large", f"{what} is larger than {limit >> 10:,} KiB; send less", limit_bytes=limit)


def _fields(data: bytes, most: int) -> dict[str, str]:
    try:
        found = parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
    except ValueError as error:
        raise Problem(400, "malformed-form", str(error)) from None
    return {name: values[-1] for name, values in found.items()}


def _parsed(data: bytes) -> Any:
    try:
        found = json.loads(data, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise Problem(400, "malformed-json", f"the body is not JSON: {error}") from None
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Problem(
            400, "malformed-json", "a text in the body holds half of a surrogate pair, which is no character"
        ) from None
    if deeper(found, DEEPEST):
        raise _too_deep()
    return found


def _too_deep() -> Problem:
    return Problem(
        400, "malformed-json", f"the body is nested too deeply; it may hold {DEEPEST} lists or objects in each other"
    )


def deeper(value: object, levels: int) -> bool:
    """Whether more than so many lists and objects are inside of each other."""
    layer = [value]
    while layer and levels >= 0:
        inner = [part for part in layer if isinstance(part, list | dict)]
        layer = [item for part in inner for item in (part.values() if isinstance(part, dict) else part)]
        if not inner:
            return False
        levels -= 1
    return levels < 0


def _finite(text: str) -> float:
    """A number that no float holds would be infinite, which JSON cannot say in an answer."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:50]} is too large")
    return number


def _whole(text: str) -> int:
    if len(text) > 1000:
        raise ValueError(f"the number {text[:20]}... has {len(text):,} digits; 1,000 are possible")
    return int(text)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")

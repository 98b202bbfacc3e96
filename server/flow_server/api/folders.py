"""Folders of flow files: asked for by the digest of their archive, and sent where they are missing."""

import asyncio
import os
from contextlib import aclosing, suppress

from flow_engine.errors import StoreError
from flow_runtime.archives import PACKED_LIMIT
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from flow_server.body import chunks
from flow_server.documents import answer, json_bytes
from flow_server.folders import checked_digest, is_there, receive, upload_path
from flow_server.problem import Problem
from flow_server.services import services_of

UPLOADS = 8
"""Archives that arrive at once: each takes room on the disk before anybody knows what it is."""
PATIENCE = 600.0
"""Seconds that one may take to arrive."""


async def folder(request: Request) -> Response:
    digest = checked_digest(request.path_params["digest"])
    if request.method == "PUT":
        return await _put(request, digest)
    state = services_of(request).state
    if not await run_in_threadpool(is_there, state, digest):
        raise Problem(404, "unknown-folder", f"the folder {digest} is not here; PUT it as a .tar.gz", folder=digest)
    return answer(json_bytes({"folder": digest}))


async def _put(request: Request, digest: str) -> Response:
    """201 where it is new, 200 where it was there."""
    services = services_of(request)
    if await run_in_threadpool(is_there, services.state, digest):
        return answer(json_bytes({"folder": digest}))
    if services.uploads >= UPLOADS:
        raise Problem(503, "too-many-uploads", f"{UPLOADS} folders arrive already", {"Retry-After": "5"})
    services.uploads += 1
    path = ""
    try:
        path = await run_in_threadpool(upload_path, services.state, digest)
        await _write(request, path)
        await services.heavy(lambda: receive(services.state, digest, path))
    finally:
        services.uploads -= 1
        with suppress(FileNotFoundError):
            os.unlink(path)
    return answer(json_bytes({"folder": digest}), 201, {"Location": f"/api/v1/folders/{digest}"})


async def _write(request: Request, path: str) -> None:
    loop = asyncio.get_running_loop()
    try:
        with open(path, "xb") as stream:
            async with aclosing(chunks(request, PACKED_LIMIT, PATIENCE)) as arriving:
                async for chunk in arriving:
                    await loop.run_in_executor(None, stream.write, chunk)
    except OSError as error:
        raise StoreError(f"the folder cannot be kept at {path}: {error.strerror or error}") from error

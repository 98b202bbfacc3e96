"""Folders of flow files: asked for by the digest of their archive, and sent where they are missing."""

import asyncio
import os
from contextlib import aclosing, suppress

from flow_client.documents import FolderDocument
from flow_engine.errors import StoreError
from flow_runtime.archives import PACKED_LIMIT
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.body import chunks
from flow_server.documents import answer, json_bytes
from flow_server.folders import checked_digest, is_there, receive, upload_path
from flow_server.problem import Problem
from flow_server.services import services_of

UPLOADS = 8
"""Archives that arrive at once: each takes room on the disk before anybody knows what it is."""
PATIENCE = 600.0
"""Seconds that one may take to arrive."""


@operation(
    "getFolder",
    "GET",
    API + "/folders/{digest}",
    "Whether a folder is here",
    tag="runs",
    answers={200: Answer("It is here.", FolderDocument)},
    problems=("unknown-folder", "wrong-field", "storage-unavailable"),
)
async def folder(request: Request) -> Response:
    digest = checked_digest(request.path_params["digest"])
    state = services_of(request).state
    if not await run_in_threadpool(is_there, state, digest):
        raise Problem(404, "unknown-folder", f"the folder {digest} is not here; PUT it as a .tar.gz", folder=digest)
    return answer(json_bytes({"folder": digest}))


@operation(
    "sendFolder",
    "PUT",
    API + "/folders/{digest}",
    "Send a folder of flow files",
    tag="runs",
    answers={200: Answer("It was here.", FolderDocument), 201: Answer("It is here now.", FolderDocument)},
    problems=("wrong-digest", "wrong-archive", "too-many-uploads", "storage-unavailable"),
    upload="application/gzip",
)
async def send(request: Request) -> Response:
    """As a `.tar.gz` under the SHA-256 of that archive."""
    digest = checked_digest(request.path_params["digest"])
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

"""A server with something of everything, so that made-up requests reach further than `there is no such run`."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from typing import NamedTuple

from flow_engine import states
from support.server import HELLO, SLEEP, Server
from support.waiting import until

FAILS = 'flow 1\nworkflow fails(n: int = 1) {\n  task t { shell "exit ~{n}" }\n  task u for i in [1, 2] { shell "exit ~{i}" }\n}\n'
ASKS = 'flow 1\nworkflow asks {\n  wait release -> bool { approval = "Go on?" }\n  wait paid -> int { event = "paid" }\n}\n'
SCHEDULED = HELLO.replace("  task", '  schedule = cron("0 2 * * *", tz = "Europe/Berlin")\n  task')
WRONG = 'flow 1\nworkflow a { task b { shel "true" } }\n'
SOURCES = (HELLO, FAILS, ASKS, SCHEDULED, WRONG)
PARAMS = ({}, {"name": "Ada"}, {"n": 3}, {"name": 1})


class World(NamedTuple):
    """`known` has values for the parts of a path; `ended` are runs whose streams end."""

    known: dict[str, list[str]]
    ended: list[str]


def made(server: Server) -> World:
    ended = [server.submit(source) for source in (HELLO, FAILS)]
    for run, state in zip(ended, (states.SUCCEEDED, states.FAILED), strict=True):
        server.wait(run, state)
    others = [server.submit(ASKS), server.submit(SLEEP)]
    until(lambda: all(task["state"] == "waiting" for task in server.get(f"/runs/{others[0]}").json["tasks"]))
    server.call("PUT", "/api/v1/workflows/hello", {"source": SCHEDULED})
    server.call("PUT", "/api/v1/pools/api", {"slots": 2})
    server.call("PUT", "/api/v1/notify/rules/ops", {"webhook": "http://127.0.0.1:9/"})
    archive = _archive()
    digest = hashlib.sha256(archive).hexdigest()
    server.call("PUT", f"/api/v1/folders/{digest}", archive)
    tokens = [server.post("/tokens", {"name": "of the campaign", "scopes": ["read"]}).json["token"] for _ in range(3)]
    letters = [letter["id"] for letter in server.get("/dead-letters").json["letters"]]
    return World(
        {
            "run": [*ended, *others],
            "task": ["greet", "t", "u", "u[0]", "u[1]", "release", "paid", "rest"],
            "name": ["hello", "api"],
            "digest": [digest],
            "event": ["paid"],
            "letter": letters,
            "token": tokens,
            "rule": ["ops"],
            "role": ["worker", "notifier"],
            "format": ["svg", "png", "dot", "mermaid", "json", "text"],
        },
        ended,
    )


def _archive() -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("hello.flow")
        info.size = len(HELLO.encode())
        archive.addfile(info, io.BytesIO(HELLO.encode()))
    return packed.getvalue()


def objects(schema: object) -> Iterator[dict[str, object]]:
    """All schemas of objects within one."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner)

"""Submissions that come together share a transaction, and nothing else: what is wrong with one is told to that one alone."""

import asyncio
import socket
import sqlite3
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from typing import Any

import pytest
from flow_engine.errors import IdempotencyConflict, StoreError, UnfitData, Unreadable
from flow_engine.stores.contract import RunFilter
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_server import compiled, submissions
from flow_server.auth.policy import Policy
from flow_server.auth.principal import RUN, Principal
from flow_server.auth.settings import AccessSettings
from flow_server.http_protocol import HEAD_LIMIT
from flow_server.problem import Problem
from flow_server.services import Services
from flow_server.submission import Prepared, prepared
from flow_server.wishes import Submission, Wish
from support.server import HELLO, Server

from .conftest import TOKEN


@pytest.fixture
def services(state: StateFolder) -> Iterator[Services]:
    policy = Policy.read({"a": ["shell"], "b": ["shell"]})
    with closing(Services(state, TOKEN, AccessSettings(policy=policy))) as made:
        yield made


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many runs each transaction had."""
    found: list[int] = []
    keep = submissions.keep

    def counted(store: Any, state: Any, ready: Any) -> Any:
        found.append(len(ready))
        return keep(store, state, ready)

    monkeypatch.setattr(submissions, "keep", counted)
    return found


def hello(services: Services, name: str, key: str | None = None) -> Callable[[], Prepared]:
    origin = services.sources.origin(Submission(source=HELLO))
    return lambda: prepared(origin, Wish({"name": name}, idempotency_key=key))


def together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(all_of_them())


def test_what_comes_together_is_one_transaction(services: Services, sizes: list[int]) -> None:
    found = together(*(services.submit(hello(services, str(n))) for n in range(submissions.MOST + 20)))
    assert sizes == [submissions.MOST, 20]
    assert len({kept.submitted.run for kept in found}) == submissions.MOST + 20


def test_what_is_wrong_with_one_is_told_to_that_one(services: Services) -> None:
    def refuse() -> Prepared:
        raise Problem(422, "wrong-parameters", "this one")

    first, conflict, refused, same, last = together(
        services.submit(hello(services, "Ada", "k")),
        services.submit(hello(services, "Bob", "k")),
        services.submit(refuse),
        services.submit(hello(services, "Ada", "k")),
        services.submit(hello(services, "Eve")),
    )
    assert isinstance(conflict, IdempotencyConflict)
    assert isinstance(refused, Problem)
    assert (first.submitted.run, True, False) == (same.submitted.run, first.submitted.created, same.submitted.created)
    assert last.submitted.created
    with closing(open_store(services.state)) as store:
        assert len(store.runs(RunFilter())) == 2


def test_a_run_whose_document_cannot_be_made_is_submitted_once_and_so_are_the_others(services: Services) -> None:
    (first,) = together(services.submit(hello(services, "Ada", "k")))
    with closing(sqlite3.connect(services.state.database)) as connection:
        connection.execute("UPDATE run SET labels = '{'")
        connection.commit()
    *found, again = together(
        *(services.submit(hello(services, str(n))) for n in range(3)), services.submit(hello(services, "Ada", "k"))
    )
    assert isinstance(again, Unreadable)
    assert len({kept.submitted.run for kept in found} - {first.submitted.run}) == 3
    with closing(sqlite3.connect(services.state.database)) as connection:
        assert connection.execute("SELECT count(*) FROM run").fetchone() == (4,)


def test_what_the_state_cannot_keep_is_told_to_who_submits_it(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = submissions.keep

    def unfit(store: Any, state: Any, ready: Any) -> Any:
        if any(one.wish.idempotency_key == "bad" for one in ready):
            raise UnfitData("a NUL in a text")
        return keep(store, state, ready)

    monkeypatch.setattr(submissions, "keep", unfit)
    first, bad, last = together(*(services.submit(hello(services, key, key)) for key in ("a", "bad", "b")))
    assert isinstance(bad, UnfitData)
    assert (first.submitted.created, last.submitted.created) == (True, True)


def test_a_state_that_is_away_is_asked_once_for_all(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def away(*_: object) -> Any:
        asked.append(1)
        raise StoreError("the state is away")

    monkeypatch.setattr(submissions, "keep", away)
    found = together(*(services.submit(hello(services, str(n))) for n in range(5)))
    assert [type(one) for one in found] == [StoreError] * 5
    assert asked == [1]


def test_namespaces_do_not_meet(services: Services, sizes: list[int]) -> None:
    spaces = [services.of(Principal(f"user-{name}", frozenset({RUN}), name, "token")) for name in ("a", "b")]
    found = together(*(spaces[n % 2].submit(hello(services, str(n), f"key-{n // 2}")) for n in range(6)))
    assert sizes == [3, 3]
    with closing(open_store(services.state)) as store:
        for number, kept in enumerate(found):
            assert store.run(kept.submitted.run).namespace == "ab"[number % 2]


def test_who_goes_away_is_submitted_all_the_same(services: Services) -> None:
    async def gone() -> None:
        one = asyncio.create_task(services.submit(hello(services, "Ada")))
        other = asyncio.create_task(services.submit(hello(services, "Bob")))
        await asyncio.sleep(0)
        one.cancel()
        assert (await other).submitted.created

    asyncio.run(gone())
    with closing(open_store(services.state)) as store:
        assert len(store.runs(RunFilter())) == 2


def test_a_source_is_compiled_once(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    compiles: list[str] = []
    origin_of = compiled.origin_of

    def counted(state: StateFolder, submission: Submission) -> Any:
        compiles.append(submission.workflow or "")
        return origin_of(state, submission)

    monkeypatch.setattr(compiled, "origin_of", counted)
    one, other = Submission(source=HELLO), Submission(source=HELLO, workflow="hello")
    assert services.sources.known(one) is None
    made = services.sources.origin(one)
    assert services.sources.known(one) is made
    assert services.sources.known(other) is None
    services.sources.origin(other)
    assert compiles == ["", "hello"]
    for number in range(compiled.KEPT):
        services.sources.origin(Submission(source=HELLO.replace("echo", f"echo {number}")))
    assert services.sources.known(one) is None  # there is room for the newest alone
    with pytest.raises(Problem):
        services.sources.origin(Submission(source="flow 1\nworkflow a { tusk x { } }\n"))
    assert services.sources.known(Submission(source="flow 1\nworkflow a { tusk x { } }\n")) is None


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"x" * HEAD_LIMIT,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * (HEAD_LIMIT // 6 + 1),
        b"GET /" + b"x" * HEAD_LIMIT,
    ],
)
def test_a_head_without_end_is_cut_off(server: Server, head: bytes) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        for start in range(0, len(head), 1000):  # as it arrives over a network
            connection.sendall(head[start : start + 1000])
        assert connection.makefile("rb").readline() == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"


def _chunked(path: str, *fields: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", *fields, "", ""]
    return "\r\n".join(head).encode()


def _flood(connection: socket.socket, more: bytes) -> None:
    for _ in range(200):
        connection.sendall(more)
        time.sleep(0.01)


@pytest.mark.parametrize("more", [b"X: y\r\n" * (HEAD_LIMIT // 3), b"X: " + b"y" * 2 * HEAD_LIMIT])
def test_what_follows_a_body_is_bounded_too(server: Server, more: bytes) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(_chunked("/api/v1/check") + b"0\r\n")
        with pytest.raises(OSError):  # noqa: PT011  reset, or a broken pipe
            _flood(connection, more)


def test_fields_after_a_body_are_no_headers(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    body = b'{"source": "flow 1"}'
    chunk = b"%x\r\n%s\r\n0\r\n" % (len(body), body)
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(_chunked("/api/v1/check") + chunk + f"Authorization: Bearer {server.token}\r\n\r\n".encode())
        assert connection.makefile("rb").readline() == b"HTTP/1.1 401 Unauthorized\r\n"


def test_large_bodies_and_many_requests_of_a_connection_are_no_head(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    body = b"x" * (2 * HEAD_LIMIT)
    request = b"POST /api/v1/check HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_connection((host, int(port)), 10) as connection:
        reader = connection.makefile("rb")
        for _ in range(3):
            connection.sendall(request)
            assert reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"
            length = 0
            while (line := reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            reader.read(length)

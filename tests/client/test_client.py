"""The clients, with and without an event loop, against servers that lose connections: what may be repeated is, and nothing else."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flow_client import async_client as async_module
from flow_client import client as client_module
from flow_client.answers import Change, Chosen, Origin, Text
from flow_client.async_client import AsyncClient
from flow_client.client import Client
from flow_client.errors import ClientError, NotFlow, Problem, Unreachable, WrongAddress
from flow_client.sse import Frame, frames

TOKEN = "a-token-for-tests-only"
Act = Callable[[BaseHTTPRequestHandler], None]


class Sent(BaseHTTPRequestHandler):
    """Does what the test's script says for each request, one after the other; the last is repeated."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:  # type: ignore[attr-defined]
            self.server.seen.append((self.command, self.path, dict(self.headers), body))  # type: ignore[attr-defined]
            script = self.server.script  # type: ignore[attr-defined]
            act = script.pop(0) if len(script) > 1 else script[0]
        act(self)

    do_POST = do_PUT = do_GET

    def log_message(self, *_: Any) -> None:
        pass


def answer(status: int, document: Any, kind: str = "application/json", **headers: str) -> Act:
    def act(request: BaseHTTPRequestHandler) -> None:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        request.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    return act


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """The request was read, and perhaps carried out; the answer is lost."""
    request.close_connection = True


def stream(*pieces: bytes) -> Act:
    def act(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        for piece in pieces:
            request.wfile.write(piece)
        request.close_connection = True

    return act


class Blocking:
    """An AsyncClient, each of whose calls is waited for on an event loop of its own."""

    def __init__(self, url: str, token: str) -> None:
        self._client = AsyncClient(url, token)
        self.url = self._client.url
        self._loop = asyncio.new_event_loop()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(*given: Any, **named: Any) -> Any:
            made = method(*given, **named)
            return self._items(made) if isinstance(made, AsyncGenerator) else self._loop.run_until_complete(made)

        return call

    def _items(self, made: AsyncGenerator[Any, None]) -> Iterator[Any]:
        with suppress(StopAsyncIteration):
            while True:
                yield self._loop.run_until_complete(anext(made))

    def close(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


CLIENTS = {"client": (Client, client_module), "async_client": (Blocking, async_module)}


@pytest.fixture(params=CLIENTS, autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which of them `served` gives; it does not wait long."""
    made, module = CLIENTS[request.param]
    monkeypatch.setitem(CLIENTS, "now", (made, module))
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    return str(request.param)


@contextmanager
def served(*script: Act) -> Iterator[tuple[Client, list[Any]]]:
    """A client of a server with this script, and what was seen of its requests."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Sent) as server:
        server.script, server.seen, server.lock = list(script), [], threading.Lock()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with closing(CLIENTS["now"][0](f"http://127.0.0.1:{server.server_port}/", TOKEN)) as client:
                yield client, server.seen  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


def problem(status: int, kind: str) -> Act:
    return answer(status, {"type": f"urn:flow:problem:{kind}", "detail": "why"}, "application/problem+json")


def test_a_submission_whose_answer_was_lost_is_sent_again_with_the_same_key() -> None:
    with served(hang_up, answer(503, {}), answer(200, {"run": "r"})) as (client, seen):
        assert client.submit(Origin(source="x"), {"n": 1}) == ("r", False)
    assert len(seen) == 3
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in seen}) == 1
    assert {headers["Authorization"] for _, _, headers, _ in seen} == {f"Bearer {TOKEN}"}


def test_what_may_not_be_repeated_is_not() -> None:
    for call in (
        lambda client: client.retry("r"),
        lambda client: client.approve("r", None, True, "ada"),
        lambda client: client.retry_all(Chosen("failed")),
    ):
        with served(hang_up, answer(200, {})) as (client, seen), pytest.raises(Unreachable):
            call(client)
        assert len(seen) == 1


def test_a_problem_document_is_an_error_with_its_words() -> None:
    with served(problem(404, "unknown-run")) as (client, _), pytest.raises(Problem) as found:
        client.run("r")
    assert (found.value.status, found.value.kind, found.value.detail) == (404, "unknown-run", "why")
    with served(problem(401, "unauthorized")) as (client, _), pytest.raises(WrongAddress, match="FLOW_TOKEN"):
        client.run("r")


@pytest.mark.parametrize(
    "act",
    [
        answer(404, b"<html>", "text/html"),
        answer(200, b"<html>", "text/html"),
        answer(302, b"", Location="http://127.0.0.1:1/"),
        answer(200, []),
        answer(500, b"{", "application/problem+json"),
    ],
)
def test_what_is_no_flow_server_is_told(act: Act) -> None:
    with served(act) as (client, seen), pytest.raises(NotFlow):
        client.why("r", "t")
    assert len(seen) == 1


def test_names_are_encoded() -> None:
    with served(answer(200, {"task": "t"})) as (client, seen):
        client.task("r/../x", "fetch[3]")
    assert seen[0][1] == "/api/v1/runs/r%2F..%2Fx/tasks/fetch%5B3%5D"


def test_a_lost_stream_goes_on_where_it_was() -> None:
    def change(number: int) -> bytes:
        data = {"at": "now", "changes": [{"task": f"t{number}", "state": "ready", "attempt": 0}]}
        return b"id: %d\nevent: change\ndata: %s\n\n" % (number, json.dumps(data).encode())

    script = [
        stream(change(1), change(2), b"id: 3\ndata: {cut"),
        hang_up,
        stream(change(3), b"event: end\ndata: {}\n\n"),
    ]
    with served(*script) as (client, seen):
        assert list(client.changes("r")) == [Change("now", f"t{number}", "ready", 0) for number in (1, 2, 3)]
    assert [headers["Last-Event-ID"] for _, _, headers, _ in seen] == ["0", "2", "2"]


def test_a_lost_log_goes_on_where_it_was() -> None:
    def piece(text: str, place: str) -> bytes:
        return f"id: {place}\nevent: piece\ndata: {json.dumps({'attempt': 1, 'text': text})}\n\n".encode()

    script = [stream(piece("a", "1.0.1")), hang_up, stream(piece("b", "1.0.2"), b"event: end\ndata: {}\n\n")]
    with served(*script) as (client, seen):
        assert list(client.task_log("r", "t[1]", attempt=1)) == [Text(1, "a"), Text(1, "b")]
    assert [headers.get("Last-Event-ID") for _, _, headers, _ in seen] == [None, "1.0.1", "1.0.1"]
    assert seen[0][1] == "/api/v1/runs/r/tasks/t%5B1%5D/logs?follow=1&attempt=1"


def test_what_is_chosen_is_sent() -> None:
    document = {"runs": [], "matched": 0, "done": 0, "next_cursor": None}
    with served(hang_up, answer(202, document), answer(200, document)) as (client, seen):
        assert client.cancel_all(Chosen("queued", label="x"))["matched"] == 0
        client.retry_all(Chosen("failed", since="2026-01-31T12:00:00Z"), dry_run=True)
    sent = [json.loads(body) for _, _, _, body in seen]
    assert (sent[1]["state"], sent[1]["label"], sent[1]["dry_run"]) == ("queued", "x", False)
    assert (sent[2]["since"], sent[2]["dry_run"]) == ("2026-01-31T12:00:00Z", True)


def test_a_run_may_be_told_to_start_later() -> None:
    with served(answer(201, {"run": "r"})) as (client, seen):
        client.submit(Origin(source="x"), {}, delay=5)
        client.submit(Origin(source="x"), {})
    first, second = (json.loads(body) for _, _, _, body in seen)
    assert (first["delay"], "start_at" in first, "delay" in second) == (5, False, False)


def test_a_stream_that_stays_lost_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CLIENTS["now"][1], "PATIENCE", 0.0)
    with served(hang_up) as (client, _), pytest.raises(Unreachable):
        list(client.changes("r"))


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://h", "http://", "http://a:b@h", "http://h/?x", "http://h:x", "http://h:0"]
)
def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(WrongAddress):
        CLIENTS["now"][0](url, TOKEN)


@pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "é"])
def test_a_wrong_token_is_refused(token: str) -> None:
    with pytest.raises(WrongAddress):
        CLIENTS["now"][0]("http://127.0.0.1:1", token)


def test_events_arrive_whole_however_they_are_cut() -> None:
    data = (
        ': hello\n\nid: 7\nevent: piece\ndata: {"a":\ndata: "é"}\r\n\nretry: 1000\n\ndata: last\n\ndata: cut'.encode()
    )
    whole = [Frame("piece", '{"a":\n"é"}', "7"), Frame("message", "last", "7")]
    for size in (1, 2, 3, 7, len(data)):
        assert list(frames(data[at : at + size] for at in range(0, len(data), size))) == whole


def test_every_error_is_a_client_error() -> None:
    assert all(issubclass(error, ClientError) for error in (NotFlow, Problem, Unreachable, WrongAddress))


def test_the_client_without_an_event_loop_is_made_of_the_other() -> None:
    script = Path(__file__).parents[2] / "client" / "make_sync.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_many_tasks_share_an_async_client() -> None:
    async def all_of_them(url: str) -> list[str]:
        async with AsyncClient(url, TOKEN) as client:
            found = await asyncio.gather(*(client.submit(Origin(source="x"), {"n": n}) for n in range(50)))
            return [one.run for one in found]

    with served(answer(201, {"run": "r"})) as (client, seen):
        assert asyncio.run(all_of_them(client.url)) == ["r"] * 50
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in seen}) == 50


def test_the_folder_of_an_async_client_is_sent_again_from_its_beginning(tmp_path: Path) -> None:
    archive = tmp_path / "folder.tar.gz"
    archive.write_bytes(b"x" * 200_000)
    with served(problem(404, "unknown-folder"), answer(503, {}), answer(201, {})) as (client, seen):
        assert client.send_folder("0" * 64, str(archive)) is True
    assert [len(body) for _, _, _, body in seen] == [0, 200_000, 200_000]

"""Answers that no service should give, and some do."""

import time
from pathlib import Path

import pytest
from flow_lang import types
from flow_lang.plan import Body, Output, Secret
from support.bodies import run_body
from support.service import Reply, Seen, raw_service, service

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def get(url: str, method: str = "GET", **fields: object) -> Body:
    return Body("http", (url,), function=method, **fields)  # type: ignore[arg-type]


def test_an_answer_that_nobody_wants_is_not_waited_for(tmp_path: Path) -> None:
    """A stream of events, say: the status has come, and the task has no result."""
    with raw_service(b"HTTP/1.1 200 OK\r\n" + CHUNKED) as url:
        began = time.monotonic()
        done = run_body(get(url, "POST"), tmp_path, timeout=20.0)
    assert done.state == "succeeded", done
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "rest",
    [
        CHUNKED + b"5\r\nhello\r\n",
        b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["it never ends", "it is no gzip"],
)
def test_what_is_wrong_with_the_content_of_an_error_is_not_the_error(tmp_path: Path, rest: bytes) -> None:
    with raw_service(b"HTTP/1.1 503 Busy\r\n" + rest) as url:
        done = run_body(get(url), tmp_path, timeout=20.0)
    assert done.code == "http_503", done


def test_an_error_that_is_cut_off_shows_what_came(tmp_path: Path) -> None:
    with service(lambda seen: Reply(503, b"too many orders", cut=True)) as server:
        done = run_body(get(server.url), tmp_path)
    assert done.error is not None
    assert (done.code, done.error["body"]) == ("http_503", "too many orders")


def test_a_charset_that_cannot_replace_is_read_as_utf_8(tmp_path: Path) -> None:
    with service(lambda seen: Reply(200, b"hel\xff", (("Content-Type", "text/plain; charset=idna"),))) as server:
        assert run_body(get(server.url), tmp_path, types.STR).result == "hel�"


@pytest.mark.parametrize("turned", [False, True])
def test_the_whole_answer_and_a_field_of_it(tmp_path: Path, turned: bool) -> None:
    outputs = (
        Output("id", types.INT),
        Output("http_body", types.JSON),
        Output("kept", types.FILE, ["lit", "a/b.json"]),
    )
    with service(lambda seen: Reply(200, b'{"id": 1}')) as server:
        done = run_body(get(server.url), tmp_path, outputs=outputs[::-1] if turned else outputs)
    assert done.result is not None, done
    assert (done.result["id"], done.result["http_body"]) == (1, {"id": 1})
    assert done.result["kept"]["size"] == 9


def test_json_that_is_nested_without_end_is_a_mismatch(tmp_path: Path) -> None:
    with service(lambda seen: Reply(200, b"[" * 100_000 + b"]" * 100_000)) as server:
        done = run_body(get(server.url), tmp_path, types.JSON)
    assert done.error is not None
    assert done.code == "type_mismatch"
    assert "nested too deeply" in done.error["message"]


@pytest.mark.parametrize("location", ["http://[bad", "ftp://example.com/"])
def test_a_redirect_to_nowhere_names_itself(tmp_path: Path, location: str) -> None:
    with service(lambda seen: Reply(302, b"", (("Location", location),))) as server:
        done = run_body(get(server.url), tmp_path)
    assert done.error is not None
    assert done.code == "connection"
    assert location in done.error["message"]


def test_a_body_with_a_secret_goes_to_no_other_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_TEST", "sesame-4711")
    body = {"method": "POST", "payload": ["ref", "key"], "payload_kind": "text"}
    with service(lambda seen: Reply(200)) as other:

        def answer(seen: Seen) -> Reply:
            return Reply(307, b"", (("Location", f"{other.url}/taken"),))

        with service(answer) as server:
            done = run_body(get(server.url, **body), tmp_path, secrets=(Secret("key", "env", "KEY_OF_TEST"),))
        assert other.seen == []
    assert done.error is not None
    assert done.code == "connection"
    assert "no other host" in done.error["message"]


def test_a_wait_that_is_no_number_is_no_failure_of_flow(tmp_path: Path) -> None:
    with raw_service(b"HTTP/1.1 429 No\r\nRetry-After: \xb2\r\nContent-Length: 0\r\n\r\n") as url:
        done = run_body(get(url), tmp_path)
    assert done.error is not None
    assert done.code == "http_429"
    assert "retry_after" not in done.error

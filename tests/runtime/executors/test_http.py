"""`http` bodies in real slots, against a real server."""

import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from flow_lang import types
from flow_lang.plan import Body, Clause, Limits, Output, Plan, Retry, Secret, Task, Workflow
from support.bodies import Done, run_body, run_plan
from support.service import Reply, Seen, Service, service

ORDER = types.record("Order", {"id": types.STR, "total": types.FLOAT, "note": types.optional(types.STR)})
JSON = (("Content-Type", "application/json"),)


def http(*parts: Any, method: str = "GET", **fields: Any) -> Body:
    return Body("http", parts, function=method, **fields)


def word(value: object, how: str = "word") -> list[Any]:
    return ["url", how, ["lit", value]]


def answers(*replies: Reply) -> Any:
    """Each reply in turn, the last one for ever."""
    left = list(replies)
    return lambda seen: left.pop(0) if len(left) > 1 else left[0]


def test_a_request_holds_what_the_body_says(tmp_path: Path) -> None:
    body_of = {"id": ["lit", 1], "name": ["lit", "é"]}
    with service(answers(Reply(201))) as server:
        done = run_body(
            http(
                f"{server.url}/o r/",
                word("a b/ü?&"),
                "?day=",
                word("1&2"),
                method="POST",
                headers=(("X-One", ["interp", ["lit", "v"], ["lit", 1]]),),
                query=(("q", ["list", ["lit", 1], ["lit", "z z"]]), ("none", ["lit", None])),
                payload=["record", *([name, value] for name, value in body_of.items())],
                payload_kind="json",
            ),
            tmp_path,
        )
    (seen,) = server.seen
    assert done.state == "succeeded", done
    assert (seen.method, seen.path) == ("POST", "/o%20r/a%20b%2F%C3%BC%3F%26?day=1%262&q=1&q=z%20z")
    assert seen.body == '{"id": 1, "name": "é"}'.encode()
    assert seen.headers["x-one"] == "v1"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["idempotency-key"] == "run-1:t"


@pytest.mark.parametrize(
    ("kind", "value", "sent", "content_type"),
    [
        ("text", ["lit", "täxt"], "täxt".encode(), "text/plain; charset=utf-8"),
        (
            "form",
            ["record", ["a", ["lit", "1 2"]], ["b", ["lit", [3, 4]]]],
            b"a=1+2&b=3&b=4",
            "application/x-www-form-urlencoded",
        ),
    ],
)
def test_payloads(tmp_path: Path, kind: str, value: Any, sent: bytes, content_type: str) -> None:
    with service(answers(Reply())) as server:
        done = run_body(http(server.url, method="PUT", payload=value, payload_kind=kind), tmp_path)
    assert done.state == "succeeded", done
    assert (server.seen[0].body, server.seen[0].headers["content-type"]) == (sent, content_type)
    assert "idempotency-key" not in server.seen[0].headers


def test_a_file_is_sent_as_it_is_and_again_after_a_redirect(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(bytes(range(256)) * 1000)
    value = ["typed", "file", {"path": str(tmp_path / "data.bin"), "size": 1}]
    with service(answers(Reply(307, b"", (("Location", "/there"),)), Reply())) as server:
        done = run_body(http(server.url, method="POST", payload=value, payload_kind="file"), tmp_path)
    assert done.state == "succeeded", done
    assert [(len(seen.body), seen.path) for seen in server.seen] == [(256_000, "/"), (256_000, "/there")]


@pytest.mark.parametrize(
    ("type_", "content", "result"),
    [
        (types.list_of(ORDER), b'[{"id": "1", "total": 2, "more": 3}]', [{"id": "1", "total": 2.0, "note": None}]),
        (types.JSON, b'{"any": [1, null]}', {"any": [1, None]}),
        (types.map_of(types.INT), b'{"a": 1}', {"a": 1}),
        (types.STR, "grün\n".encode(), "grün\n"),
        (types.INT, b" 42\n", 42),
        (types.DATE, b'"2026-01-31"', "2026-01-31"),
        (types.optional(ORDER), b"", None),
        (types.optional(ORDER), b"null", None),
    ],
)
def test_the_answer_is_read_as_the_declared_type(
    tmp_path: Path, type_: types.Type, content: bytes, result: Any
) -> None:
    with service(answers(Reply(200, content))) as server:
        done = run_body(http(server.url), tmp_path, type_)
    assert (done.state, done.result) == ("succeeded", result), done


def test_a_text_is_decoded_by_its_charset(tmp_path: Path) -> None:
    with service(
        answers(Reply(200, "grün".encode("latin-1"), (("Content-Type", "text/plain; charset=ISO-8859-1"),)))
    ) as server:
        assert run_body(http(server.url), tmp_path, types.STR).result == "grün"


@pytest.mark.parametrize(
    ("type_", "content", "told"),
    [
        (ORDER, b'{"id": 1, "total": 2}', "expected str at .id, got 1 (int)"),
        (types.JSON, b"<html>no</html>", "is not JSON"),
        (types.INT, b"many", "expected int, got 'many'"),
    ],
)
def test_an_answer_of_another_type_fails_with_the_value(
    tmp_path: Path, type_: types.Type, content: bytes, told: str
) -> None:
    with service(answers(Reply(200, content))) as server:
        done = run_body(http(server.url), tmp_path, type_)
    assert done.error is not None
    assert done.code == "type_mismatch"
    assert told in done.error["message"]


def test_a_file_is_kept_under_its_name(tmp_path: Path) -> None:
    content = bytes(range(256)) * 100_000  # more than a result may hold
    with service(answers(Reply(200, content))) as server:
        done = run_body(http(f"{server.url}/a/..%2Freport.csv?x=1"), tmp_path, types.FILE)
    kept = Path(done.result["path"])
    assert (kept.name, kept.read_bytes()) == ("_report.csv", content)


def test_outputs_are_fields_or_the_whole(tmp_path: Path) -> None:
    outputs = (
        Output("id", types.INT),
        Output("http_status", types.INT),
        Output("http_headers", types.map_of(types.STR)),
    )
    with service(answers(Reply(202, b'{"id": 7, "other": 1}', (("X-Left", "3"),)))) as server:
        done = run_body(http(server.url), tmp_path, outputs=outputs)
    assert (done.result["id"], done.result["http_status"], done.result["http_headers"]["x-left"]) == (7, 202, "3")


def test_an_output_with_a_path_is_the_file(tmp_path: Path) -> None:
    with service(answers(Reply(200, b"page"))) as server:
        done = run_body(http(server.url), tmp_path, outputs=(Output("page", types.FILE, ["lit", "p/page.html"]),))
    assert Path(done.result["page"]["path"]).read_bytes() == b"page"


def test_a_lacking_field_says_which_there_are(tmp_path: Path) -> None:
    with service(answers(Reply(200, b'{"a": 1}'))) as server:
        done = run_body(http(server.url), tmp_path, outputs=(Output("id", types.INT),))
    assert done.error is not None
    assert (done.code, done.error["message"]) == ("missing_output", "the answer has no field 'id'; it has: a")


def test_a_status_that_is_not_expected_shows_what_came(tmp_path: Path) -> None:
    with service(answers(Reply(404, b"nothing " * 1000))) as server:
        done = run_body(http(f"{server.url}/x"), tmp_path)
    assert done.error is not None
    assert (done.code, done.error["status"], done.error["url"]) == ("http_404", 404, f"{server.url}/x")
    assert done.error["message"] == f"GET {server.url}/x was answered 404 Not Found"
    assert len(done.error["body"]) == 2000
    assert "404 Not Found" in done.log


def test_expected_statuses_replace_the_usual_ones(tmp_path: Path) -> None:
    with service(answers(Reply(404), Reply(200))) as server:
        assert run_body(http(server.url, expect=(404,)), tmp_path / "a").state == "succeeded"
        assert run_body(http(server.url, expect=(404,)), tmp_path / "b").code == "http_200"


def test_a_retry_by_class_of_status(tmp_path: Path) -> None:
    with service(answers(Reply(503), Reply(502), Reply(200, b"done"))) as server:
        done = run_body(http(server.url), tmp_path, types.STR, retry=Retry(3, on=("http_5xx",)))
    assert (done.result, done.attempt, len(server.seen)) == ("done", 3, 3)
    keys = {seen.headers.get("idempotency-key") for seen in server.seen}
    assert keys == {None}


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_told(tmp_path: Path, form: str) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    with service(answers(Reply(429, b"", (("Retry-After", "120" if form == "seconds" else moment),)))) as server:
        done = run_body(http(server.url), tmp_path)
    assert done.error is not None
    assert 110 < done.error["retry_after"] <= 120


def test_a_retry_waits_as_long_as_the_service_asks(tmp_path: Path) -> None:
    times: list[float] = []

    def answer(seen: Seen) -> Reply:
        times.append(time.monotonic())
        return Reply(429, b"", (("Retry-After", "1"),)) if len(times) == 1 else Reply(200)

    with service(answer) as server:
        done = run_body(http(server.url), tmp_path, retry=Retry(2))
    assert (done.state, done.attempt) == ("succeeded", 2)
    assert times[1] - times[0] >= 1.0


def test_no_connection_is_an_error_of_its_own(tmp_path: Path) -> None:
    with service(answers(Reply())) as server:
        gone = server.url
    done = run_body(http(gone), tmp_path / "a")
    assert done.error is not None
    assert (done.code, done.error["url"]) == ("connection", f"{gone}/")
    assert "refused" in done.error["message"]
    assert run_body(http("http://no-such-host.invalid/"), tmp_path / "b").code == "connection"


def test_an_answer_that_is_cut_off_is_a_lost_connection(tmp_path: Path) -> None:
    with service(answers(Reply(200, b"half", cut=True))) as server:
        done = run_body(http(server.url), tmp_path, types.STR)
    assert done.code == "connection", done


def test_a_slow_answer_ends_with_the_tasks_timeout(tmp_path: Path) -> None:
    with service(answers(Reply(delay=20))) as server:
        done = run_body(http(server.url), tmp_path, timeout=0.3)
    assert done.code == "timeout"


def test_credentials_stay_with_their_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "key-of-the-api")
    with (
        service(answers(Reply(200, b"ok"))) as other,
        service(answers(Reply(302, b"", (("Location", other.url),)))) as first,
    ):
        body = http(
            first.url,
            headers=(("Authorization", ["lit", "Bearer x"]), ("X-Key", ["ref", "key"]), ("X-Plain", ["lit", "p"])),
        )
        done = run_body(body, tmp_path, types.STR, secrets=(Secret("key", "env", "KEY"),))
    assert done.result == "ok"
    assert {"authorization", "x-key", "x-plain"} <= set(first.seen[0].headers)
    assert "x-plain" in other.seen[0].headers
    assert not {"authorization", "x-key"} & set(other.seen[0].headers)


def test_a_circle_of_redirects_ends(tmp_path: Path) -> None:
    with service(answers(Reply(302, b"", (("Location", "/again"),)))) as server:
        done = run_body(http(server.url), tmp_path)
    assert done.error is not None
    assert done.code == "connection"
    assert "redirects" in done.error["message"]


def test_a_redirect_may_be_what_is_expected(tmp_path: Path) -> None:
    with service(answers(Reply(302, b"", (("Location", "/again"),)))) as server:
        assert run_body(http(server.url, expect=(302,)), tmp_path).state == "succeeded"
    assert len(server.seen) == 1


def test_an_answer_that_is_too_large_names_the_remedy(tmp_path: Path) -> None:
    with service(answers(Reply(200, b"x" * (17 << 20)))) as server:
        done = run_body(http(server.url), tmp_path / "a", types.STR)
        limited = run_body(http(server.url), tmp_path / "b", types.FILE, limits=Limits(output=1 << 20))
    assert done.error is not None
    assert done.code == "too_large"
    assert "-> file" in done.error["message"]
    assert limited.code == "output"


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("ftp://x/",), "must start with http:// or https://"),
        (("http:///x",), "names no host"),
        (("http://h/users/", word("..")), "a step in the URL's path"),
    ],
)
def test_a_url_that_is_none(tmp_path: Path, parts: tuple[Any, ...], told: str) -> None:
    done = run_body(http(*parts), tmp_path)
    assert done.error is not None
    assert done.code == "expression"
    assert told in done.error["message"]


def test_a_header_cannot_start_another(tmp_path: Path) -> None:
    with service(answers(Reply())) as server:
        done = run_body(http(server.url, headers=(("X-A", ["lit", "a\r\nX-B: b"]),)), tmp_path)
    assert (done.code, server.seen) == ("expression", [])


def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def secure(made: Service) -> None:
        made.server.socket = context.wrap_socket(made.server.socket, server_side=True)
        made.scheme = "https"

    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with service(answers(Reply(200, b"safe")), secure) as server:
        refused = run_body(http(server.url), tmp_path / "a", types.STR)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        trusted = run_body(http(server.url), tmp_path / "b", types.STR)
    assert refused.error is not None
    assert refused.code == "connection"
    assert "certificate verify failed" in refused.error["message"]
    assert trusted.result == "safe"


def test_a_loop_uses_one_connection_for_each_slot(tmp_path: Path) -> None:
    task = Task(
        "t",
        http("", ["url", "raw", ["ref", "x"]]),
        loop=(Clause("x", types.STR, ["ref", "urls"], None),),
        reads=("x",),
        single=True,
        result=types.STR,
    )
    param = types.list_of(types.STR)
    with service(answers(Reply(200, b"ok"))) as server:
        from flow_lang.plan import Param

        made = Plan("w", {"w": Workflow("w", (Param("urls", param, None),), (task,))}, "w.flow", {})
        found = run_plan(made, tmp_path, {"urls": [f"{server.url}/{n}" for n in range(20)]}, slots=1)
    assert [done.state for done in found.values()] == ["succeeded"] * 21
    assert server.connections == 1


def test_a_kept_connection_that_was_closed_is_opened_again(tmp_path: Path) -> None:
    """The server closes each connection after its answer without saying so."""

    def closing(seen: Seen) -> Reply:
        return Reply(200, b"ok", (("Connection", "keep-alive"),), cut=False)

    with service(closing) as server:
        done: Done = run_body(http(server.url), tmp_path, types.STR)
    assert done.result == "ok"

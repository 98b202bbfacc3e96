"""Notifications, really sent: to an HTTP receiver and a mail server on this machine, also to ones that fail."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from flow_lang.plan import Body, Retry, Secret
from flow_runtime.executors.notify.message import Occasion
from support.bodies import Done, run_body
from support.mail import mail_server
from support.service import Reply, service

FAILED = Occasion("01kx", "nightly", "failed", "fetch[3]", "http_503", "GET x was answered 503")


def notify(function: str, **arguments: object) -> Body:
    return Body("notify", function=function, args=tuple((name, _expr(value)) for name, value in arguments.items()))


def _expr(value: object) -> list[Any]:
    return value if isinstance(value, list) and value[:1] == ["ref"] else ["lit", value]


def mail(folder: Path, monkeypatch: pytest.MonkeyPatch, url: str, **arguments: object) -> Done:
    monkeypatch.setenv("FLOW_SMTP_URL", url)
    return run_body(notify("email", **{"to": "data@example.com", **arguments}), folder)


def test_the_default_text_names_run_workflow_task_and_error() -> None:
    assert FAILED.text() == "workflow nightly failed in fetch[3]: http_503: GET x was answered 503 (run 01kx)"
    assert FAILED.subject() == "nightly failed: fetch[3] http_503"
    assert Occasion("01kx", "nightly", "succeeded", "", "", "").text() == "workflow nightly succeeded (run 01kx)"


def test_a_webhook_gets_text_and_fields(tmp_path: Path) -> None:
    with service(lambda seen: Reply()) as server:
        done = run_body(notify("webhook", url=f"{server.url}/hook", text="it is over"), tmp_path)
    assert done.state == "succeeded", done
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert json.loads(seen.body) == {"text": "it is over", "run": "run-1", "workflow": "w", "status": "succeeded"}
    assert "x-flow-signature" not in seen.headers


def test_a_webhook_with_a_secret_is_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "shared-key")
    with service(lambda seen: Reply()) as server:
        body = notify("webhook", url=server.url, secret=["ref", "key"])
        done = run_body(body, tmp_path, secrets=(Secret("key", "env", "HOOK_KEY"),))
    (seen,) = server.seen
    at, given = (part.partition("=")[2] for part in seen.headers["x-flow-signature"].split(","))
    assert abs(int(at) - time.time()) < 60
    assert given == hmac.new(b"shared-key", f"{at}.".encode() + seen.body, hashlib.sha256).hexdigest()
    assert done.state == "succeeded", done
    assert b"shared-key" not in seen.body


def test_a_webhook_is_sent_again_as_the_same_delivery(tmp_path: Path) -> None:
    replies = [Reply(500), Reply(502), Reply(204)]
    with service(lambda seen: replies.pop(0)) as server:
        done = run_body(notify("webhook", url=server.url), tmp_path, retry=Retry(3))
    assert (done.state, done.attempt, len(server.seen)) == ("succeeded", 3, 3)
    assert {seen.headers["x-flow-delivery"] for seen in server.seen} == {"run-1:t"}


def test_a_receiver_that_is_gone_or_slow_fails_the_attempt(tmp_path: Path) -> None:
    with service(lambda seen: Reply(delay=20)) as server:
        assert run_body(notify("webhook", url=server.url), tmp_path / "a", timeout=0.3).code == "timeout"
        gone = server.url
    assert run_body(notify("webhook", url=gone), tmp_path / "b").code == "connection"
    with service(lambda seen: Reply(410, b"channel_is_archived")) as server:
        refused = run_body(notify("webhook", url=server.url), tmp_path / "c")
    assert refused.error is not None
    assert (refused.code, refused.error["body"]) == ("http_410", "channel_is_archived")


def test_a_mail_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(login="flow:p@ss") as server:
        url = f"smtp://flow:p%40ss@127.0.0.1:{server.port}?from=flow@example.com"
        done = mail(
            tmp_path, monkeypatch, url, to=["a@example.com", "b@example.com"], text="grün\n.\nend", subject="over\nnow"
        )
    assert done.state == "succeeded", done
    (got,) = server.mails
    assert (got["From"], got["To"], got["Subject"]) == ("flow@example.com", "a@example.com, b@example.com", "over now")
    assert got.get_content().splitlines() == ["grün", ".", "end"]
    assert got["Message-ID"].endswith("@example.com>")
    assert server.recipients == ["a@example.com", "b@example.com"]
    assert "p@ss" not in done.log


def test_the_default_mail_says_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as server:
        done = mail(tmp_path, monkeypatch, f"smtp://127.0.0.1:{server.port}")
    assert done.state == "succeeded", done
    text = server.mails[0].get_content()
    assert "workflow w succeeded (run run-1)" in text
    assert "flow logs run-1" in text


def test_a_mail_is_sent_again_after_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(MAIL=["451 come back later"]) as server:
        monkeypatch.setenv("FLOW_SMTP_URL", f"smtp://127.0.0.1:{server.port}")
        done = run_body(notify("email", to="a@example.com"), tmp_path, retry=Retry(1, on=("smtp",)))
    assert (done.state, done.attempt, len(server.mails)) == ("succeeded", 2, 1)


@pytest.mark.parametrize(
    ("refusals", "login", "told"),
    [
        ({"RCPT": ["550 no such user"]}, "", "refused with 550: no such user"),
        ({"DATA": ["554 looks like spam"]}, "", "refused with 554: looks like spam"),
        ({}, "flow:right", "refused with 535: 5.7.8 wrong password"),
    ],
)
def test_what_a_mail_server_says_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: dict[str, list[str]], login: str, told: str
) -> None:
    with mail_server(login=login, **refusals) as server:
        done = mail(
            tmp_path,
            monkeypatch,
            f"smtp://flow:a-guess@127.0.0.1:{server.port}" if login else f"smtp://127.0.0.1:{server.port}",
        )
    assert done.error is not None
    assert done.code == "smtp"
    assert told in done.error["message"]
    assert told in done.log


def test_no_mail_server_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as server:
        port = server.port
    assert mail(tmp_path, monkeypatch, f"smtp://127.0.0.1:{port}").code == "connection"


def test_starttls_that_the_server_cannot_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as server:
        done = mail(tmp_path, monkeypatch, f"smtp://127.0.0.1:{server.port}?starttls=1")
    assert done.error is not None
    assert done.code == "smtp"
    assert "STARTTLS" in done.error["message"]
    assert server.mails == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "FLOW_SMTP_URL is not set"),
        ("mail.example.com", "is no URL of a mail server"),
        ("smtp://u:hidden@:25", "names no host"),
        ("smtp://u:hidden@h:x", "is no URL of a mail server"),
        ("smtp://u:hidden@h?form=x", "knows no form"),
    ],
)
def test_settings_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, told: str) -> None:
    done = mail(tmp_path, monkeypatch, url)
    assert done.error is not None
    assert done.code == "smtp_not_set"
    assert told in done.error["message"]
    assert "hidden" not in done.error["message"]


def test_an_address_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as server:
        done = mail(tmp_path, monkeypatch, f"smtp://127.0.0.1:{server.port}", to="a@example.com\nBcc: b@example.com")
    assert done.code == "expression"
    assert server.mails == []


def test_what_some_recipients_have_is_not_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(RCPT=["550 no such user"]) as server:
        monkeypatch.setenv("FLOW_SMTP_URL", f"smtp://127.0.0.1:{server.port}")
        body = notify("email", to=["gone@example.com", "here@example.com"])
        done = run_body(body, tmp_path, retry=Retry(3))
    assert done.error is not None
    assert (done.code, done.attempt, len(server.mails)) == ("smtp", 1, 1)
    assert "for gone@example.com; the others have the mail" in done.error["message"]


@pytest.mark.parametrize("said", ["sesame-4711", base64.b64encode(b"\0flow\0sesame-4711").decode()])
def test_a_password_that_a_mail_server_repeats_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    with mail_server(login="flow:right", AUTH=[f"535 wrong: {said}"]) as server:
        done = mail(tmp_path, monkeypatch, f"smtp://flow:sesame-4711@127.0.0.1:{server.port}")
    assert done.code == "smtp"
    assert "sesame" not in str(done)
    assert said[-9:] not in str(done)


def test_a_secret_in_the_address_of_a_webhook_is_not_shown_in_the_spelling_of_urls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_TEST", 's3cr et/+%"é?x')
    with service(lambda seen: Reply(404)) as server:
        url = ["interp", ["lit", f"{server.url}/hook/"], ["ref", "key"]]
        body = Body("notify", function="webhook", args=(("url", url),))
        done = run_body(body, tmp_path, secrets=(Secret("key", "env", "KEY_OF_TEST"),))
    assert server.seen[0].path == "/hook/s3cr%20et/+%25%22%C3%A9?x"
    assert done.code == "http_404"
    assert "s3cr" not in str(done)


def test_a_secret_that_would_end_the_address_of_a_webhook_is_not_sent_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_TEST", "first-half#second-half")
    with service(lambda seen: Reply()) as server:
        body = Body(
            "notify", function="webhook", args=(("url", ["interp", ["lit", f"{server.url}/"], ["ref", "key"]]),)
        )
        done = run_body(body, tmp_path, secrets=(Secret("key", "env", "KEY_OF_TEST"),))
    assert server.seen == []
    assert done.state == "failed"
    assert "the secret `key` has a `#`" in str(done.error)
    assert "half" not in str(done.error)

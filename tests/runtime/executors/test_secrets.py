"""Secrets: where they reach a body, and that nothing shows them."""

import base64
import json
import os
import signal
import subprocess
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flow_lang import types
from flow_lang.plan import Body, Output, Secret
from flow_runtime.executors import pump
from flow_runtime.executors.masking import Mask, MaskedStream
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import Done, run_body
from support.waiting import until

VALUE = "pa ss\"$w'ö\\rd"
TOKEN = Secret("token", "env", "TOKEN_OF_THE_TEST")
PART = ["bare", "secret", ["ref", "token"]]


@pytest.fixture(autouse=True)
def value(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(TOKEN.key, VALUE)
    return VALUE


def shell(*parts: Any) -> Body:
    return Body("shell", parts)


def python(code: str) -> Body:
    return Body("python", code=code, names=("token",), line=1)


def run(body: Body, folder: Path, result: types.Type | None = types.STR, **fields: Any) -> Done:
    done = run_body(body, folder, result, secrets=(TOKEN,), **fields)
    assert VALUE not in str(done)
    return done


def test_a_shell_body_gets_exactly_the_value(tmp_path: Path) -> None:
    hexed = "printf %s {} | od -An -tx1 | tr -d ' \\n'"
    for name, body in {
        "bare": shell(*_around(hexed, PART)),
        "double": shell(*_around(hexed.replace("{}", '"{}"'), ["double", *PART[1:]])),
        "heredoc": shell("head -c -1 <<END | od -An -tx1 | tr -d ' \\n'\n", ["heredoc", *PART[1:]], "\nEND\n"),
    }.items():
        assert run(body, tmp_path / name).result == VALUE.encode().hex(), name


def _around(script: str, part: list[Any]) -> list[Any]:
    before, after = script.split("{}")
    return [before, part, after]


def test_it_is_on_no_command_line(tmp_path: Path) -> None:
    done = run(shell(": ", PART, "; tr '\\0' ' ' < /proc/$$/cmdline"), tmp_path)
    assert "FLOW_SECRET_token" in done.result
    assert "***" not in done.result


def test_a_name_beyond_ascii_works(tmp_path: Path) -> None:
    secret = TOKEN._replace(name="schlüssel")
    done = run_body(
        shell("printf %s ", ["bare", "secret", ["ref", secret.name]], " | wc -m"),
        tmp_path,
        types.INT,
        secrets=(secret,),
    )
    assert done.result == len(VALUE), done


def test_python_bodies_get_a_text(tmp_path: Path) -> None:
    assert run(python("return str(len(token))"), tmp_path).result == str(len(VALUE))


def test_a_secret_of_a_file_ends_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("line one\nline two\n")
    secret = Secret("token", "file", "key")
    done = run_body(python("print('a', token[:8])\nreturn str(len(token))"), tmp_path, types.STR, secrets=(secret,))
    assert (done.result, done.log) == ("17", "a ***\n")


SHOWING = {
    "raw": "{v}",
    "base64": "{b}",
    "basic": "{u}",
    "url": "{q}",
    "json": "{j}",
}


@pytest.mark.parametrize("form", SHOWING)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_of_both_kinds_of_bodies_is_masked(tmp_path: Path, form: str, stream: str) -> None:
    forms = {
        "raw": VALUE,
        "base64": base64.b64encode(VALUE.encode()).decode().rstrip("="),
        "basic": base64.b64encode(f"me:{VALUE}".encode()).decode(),
        "url": quote(VALUE),
        "json": json.dumps(VALUE),
    }
    (tmp_path / "text").write_text(f"<{forms[form]}>\n")
    to = " >&2" if stream == "stderr" else ""
    path = tmp_path / "text"
    by_shell = run(shell(f"cat '{path}'{to}"), tmp_path / "s", None)
    by_python = run(
        python(
            f"import os, sys\nprint(open({str(path)!r}).read(), file=sys.{stream})\nos.system(\"cat '{path}'{to}\")"
        ),
        tmp_path / "p",
        None,
    )
    assert by_shell.log.startswith("<")
    assert "***" in by_shell.log
    for done in (by_shell, by_python):
        assert forms[form] not in done.log
        assert forms[form][4:-4] not in done.log
    assert by_python.log.count("***") == 2


def test_what_comes_in_pieces_is_masked(tmp_path: Path) -> None:
    pieces = shell('printf %s "${TOKEN_OF_THE_TEST:0:4}" >&2; sleep 0.2; printf \'%s\\n\' "${TOKEN_OF_THE_TEST:4}" >&2')
    assert run(pieces, tmp_path / "s", None).log == "***\n"
    by_python = python("print(token[:4], end='')\nprint(token[4:])")
    assert run(by_python, tmp_path / "p", None).log == "***\n"


def test_results_and_errors_are_masked(tmp_path: Path) -> None:
    assert run(shell("printf '<%s>' ", PART), tmp_path / "a").result == "<***>"
    assert run(python("return [token, {token: 1}]"), tmp_path / "b", types.JSON).result == ["***", {"***": 1}]
    outputs = (Output("x", types.STR),)
    assert run(shell('flow-out x="-$TOKEN_OF_THE_TEST-"'), tmp_path / "c", None, outputs=outputs).result == {
        "x": "-***-"
    }
    error = run(python("raise ValueError('with ' + token)"), tmp_path / "d", None).error
    assert error is not None
    assert error["message"] == "ValueError: with ***"
    assert error["traceback"].endswith("ValueError: with ***")
    failed = run(shell("printf '%s\\n' ", PART, " >&2; exit 3"), tmp_path / "e", None).error
    assert failed is not None
    assert failed["log"] == "***\n"
    wrong = run(shell("printf %s ", PART), tmp_path / "f", types.INT).error
    assert wrong is not None
    assert "***" in wrong["message"]


def test_a_body_that_does_not_name_it_shows_it_neither(tmp_path: Path) -> None:
    from flow_lang.plan import Plan, Task, Workflow
    from support.bodies import run_plan

    task = Task("t", shell('printf "%s\\n" "$TOKEN_OF_THE_TEST"; env'))
    made = Plan("w", {"w": Workflow("w", (), (task,), secrets=(TOKEN,))}, "w.flow", {})
    log = run_plan(made, tmp_path)["t"].log
    assert log.startswith("***\n")
    assert VALUE not in log
    assert "FLOW_SECRET" not in log


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        (Secret("token", "env", "NOT_SET_HERE"), "the environment variable NOT_SET_HERE is not set on this worker"),
        (Secret("token", "env", "EMPTY_HERE"), "the environment variable EMPTY_HERE is empty"),
        (Secret("token", "file", "no/such"), "no/such cannot be read: No such file or directory"),
        (Secret("token", "file", "binary"), "is not UTF-8 text"),
        (Secret("token", "file", "nul"), "holds a NUL byte"),
    ],
)
def test_a_secret_that_cannot_be_read_fails_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: Secret, told: str
) -> None:
    monkeypatch.setenv("EMPTY_HERE", "")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "nul").write_bytes(b"visible\0")
    done = run_body(shell("true"), tmp_path, secrets=(secret,))
    assert done.error is not None
    assert (done.code, done.error["secret"]) == ("secret", "token")
    assert told in done.error["message"]
    assert "visible" not in str(done)


def test_an_unread_secret_of_others_is_no_failure(tmp_path: Path) -> None:
    from flow_lang.plan import Plan, Task, Workflow
    from support.bodies import run_plan

    made = Plan(
        "w",
        {"w": Workflow("w", (), (Task("t", shell("true")),), secrets=(Secret("x", "env", "NOT_SET"),))},
        "w.flow",
        {},
    )
    assert run_plan(made, tmp_path)["t"].state == "succeeded"


def test_a_value_too_short_to_be_masked_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN.key, "abc")
    assert run_body(python("return token"), tmp_path, types.STR, secrets=(TOKEN,)).result == "abc"


def test_the_environment_is_the_workers_and_not_a_bodys(tmp_path: Path) -> None:
    """A warm slot's Python may change its own environment."""
    from flow_lang.plan import Need, Plan, Task, Workflow
    from support.bodies import run_plan

    first = Task("a", python(f"import os\nos.environ[{TOKEN.key!r}] = 'changed'"), secrets=("token",))
    second = Task(
        "b", python("return len(token)"), (Need("a", "order"),), single=True, result=types.INT, secrets=("token",)
    )
    made = Plan("w", {"w": Workflow("w", (), (first, second), secrets=(TOKEN,))}, "w.flow", {})
    assert run_plan(made, tmp_path, slots=1)["b"].result == len(VALUE)


@given(
    st.binary(max_size=40),
    st.lists(st.integers(0, 60), max_size=6),
    st.sampled_from([["abcd", "abcdef"], ["aaaa"], ["xyxyz", "yxyx"]]),
)
def test_a_stream_shows_no_secret_however_it_is_cut(noise: bytes, cuts: list[int], secrets: list[str]) -> None:
    mask = Mask(secret.encode() for secret in secrets)
    data = noise + b"abcdefaaaaaxyxyzabcdyxyx" + noise
    stream = MaskedStream(mask)
    edges = [0, *sorted(cuts), len(data)]
    shown = b"".join(stream.feed(data[a:b]) for a, b in pairwise(edges)) + stream.close()
    assert all(secret.encode() not in shown.replace(b"***", b"|") for secret in secrets)
    assert shown.startswith(noise[:1]) or noise[:1] in b"abxy"


def test_a_log_that_cannot_be_written_ends_the_body(tmp_path: Path) -> None:
    """Only a pump meets it: other bodies write for themselves."""
    (tmp_path / ".flow" / "logs" / "run-1").mkdir(parents=True)
    (tmp_path / ".flow" / "logs" / "run-1" / "0.1.log").symlink_to("/dev/full")
    began = time.monotonic()
    done = run(shell("echo text; sleep 60"), tmp_path, None)
    assert done.error is not None
    assert done.code == "disk_full"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "hook", ["http://user:hunter22@127.0.0.1:1/services/T00/B00/x y", "http://127.0.0.1:1?token=4711-4711"]
)
def test_of_a_url_that_is_a_secret_no_part_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: str) -> None:
    """It is sent in another spelling than the variable's, and shown without its user."""
    monkeypatch.setenv(TOKEN.key, hook)
    body = Body("http", (["url", "raw", ["ref", "token"]],), function="POST")
    done = run_body(body, tmp_path, secrets=(TOKEN,))
    assert done.code == "connection"
    assert "127.0.0.1" in done.log
    for part in ("hunter22", "T00", "4711"):
        assert part not in str(done)


def test_a_process_that_left_its_group_and_goes_on_writing_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes faster than the pump: there is always more."""

    def slowly(descriptor: int, data: bytes) -> None:
        time.sleep(0.02)
        os.write(descriptor, data)

    monkeypatch.setattr(pump, "_write_all", slowly)
    made = pump.Pump(str(tmp_path / "log"), "", Mask([b"secret"]), None)
    with subprocess.Popen(["yes"], stdout=made.write_ends[0]) as writer:
        made.handed_over()
        until(lambda: made.carry(made.read_ends[0]) and (tmp_path / "log").stat().st_size, what="output")
        closing = threading.Thread(target=made.close, daemon=True)
        closing.start()
        closing.join(10)
        assert not closing.is_alive()
        assert writer.wait(10) == -signal.SIGPIPE

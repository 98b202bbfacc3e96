"""What roles say on their standard error where that is no terminal: a JSON document a line, without secrets."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flow_runtime.role_log import redacted
from support.command import Project
from support.waiting import until

SAYS = """
import logging
from flow_runtime.role_log import announce, say, set_up
set_up("worker")
say("worker", "cannot reach postgresql://me:pass-word@host/flow with Bearer abc.def and a-secret-token", "warning", "run1", "a[3]")
say("worker", "details", "debug")
announce("a line for people")
logging.getLogger("some.library").warning("redis://:pass-word@host is away")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("flow.server").exception("a defect")
"""


def said(**settings: str) -> "subprocess.CompletedProcess[str]":
    given = {name: value for name, value in os.environ.items() if not name.startswith("FLOW_LOG")}
    environment = {**given, "FLOW_TOKEN": "a-secret-token", **settings}
    command = [sys.executable, "-c", SAYS]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_a_line_is_a_document_with_its_run_and_task_and_without_secrets() -> None:
    done = said()
    first, second, third, fourth = (json.loads(line) for line in done.stderr.splitlines())
    assert {"level": "warning", "role": "worker", "run": "run1", "task": "a[3]"}.items() <= first.items()
    assert first["event"] == "cannot reach postgresql://me:***@host/flow with Bearer *** and ***"
    assert first["time"].endswith("Z")
    assert (second["event"], second["level"]) == ("a line for people", "info")
    assert (third["logger"], third["event"]) == ("some.library", "redis://:***@host is away")
    assert (fourth["event"], fourth["level"]) == ("a defect", "error")
    assert "ZeroDivisionError" in fourth["exception"]


def test_text_is_what_a_person_reads_and_a_level_leaves_out_what_is_below() -> None:
    lines = said(FLOW_LOG="text").stderr.splitlines()
    assert lines[0] == "flow worker: cannot reach postgresql://me:***@host/flow with Bearer *** and ***"
    assert lines[1:3] == ["a line for people", "redis://:***@host is away"]
    events = [json.loads(line)["event"] for line in said(FLOW_LOG_LEVEL="debug").stderr.splitlines()]
    assert events[1] == "details"
    events = [json.loads(line)["event"] for line in said(FLOW_LOG_LEVEL="error").stderr.splitlines()]
    assert events == ["a line for people", "a defect"]


def test_a_folder_is_no_secret_and_a_token_that_looks_like_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_STORAGE", "/srv/flow")
    monkeypatch.setenv("FLOW_TOKEN", "/a+secret/token")
    assert redacted("/srv/flow/.flow/flow.yaml, /a+secret/token") == "/srv/flow/.flow/flow.yaml, ***"
    monkeypatch.setenv("FLOW_STORAGE", "s3://me:pass/word@host/bucket")
    assert redacted("no s3://me:pass/word@host/bucket") == "no s3://me:***@host/bucket"


@pytest.mark.parametrize(("name", "value"), [("FLOW_LOG", "xml"), ("FLOW_LOG_LEVEL", "loud")])
def test_a_setting_that_means_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    done = Project(tmp_path).flow("worker")
    assert done.code == 2
    assert f"{name} is to be" in done.err
    assert value in done.err


def test_every_line_of_a_server_and_its_worker_is_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOW_LOG")
    project = Project(tmp_path)
    process = project.start("server", "--port", "0", "--metrics-port", "0")
    assert process.stderr is not None
    read: list[dict[str, Any]] = []

    def heard(text: str) -> bool:
        assert process.stderr is not None
        read.append(json.loads(process.stderr.readline()))
        return text in read[-1]["event"]

    try:
        until(lambda: heard("metrics at"), what="the worker's metrics")
        worker = next(line for line in project.commands() if "flow_runtime.daemon" in line)
        os.kill(int(worker.split()[0]), signal.SIGKILL)
        until(lambda: heard("was ended by signal 9"), what="the end of the worker")
        assert (read[-1]["role"], read[-1]["level"]) == ("server", "warning")
    finally:
        process.terminate()
        read += [json.loads(line) for line in process.communicate(timeout=20)[1].splitlines()]
    assert read[0]["event"].startswith("flow server: http://127.0.0.1:")
    assert {line["role"] for line in read} == {"server", "worker"}

"""`flow server` itself, over HTTP: runs come to their ends, and nothing is left behind."""

import json
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from flow_engine import states
from support.command import Project
from support.server import HELLO, SLEEP, Server
from support.waiting import until

FAN = """flow 1
workflow fan(n: int = 3) -> list[str] {
  task part for i in range(n) -> str { shell "echo part ~{i}" }
  return part
}
"""
FAILS = 'flow 1\nworkflow bad { task broken { shell "echo almost; exit 7" } }\n'


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server for a test that breaks it."""
    with Server(Project(tmp_path / "own state")) as running:
        yield running


def test_a_submitted_run_succeeds_and_its_graph_shows_it(server: Server) -> None:
    run = server.submit(HELLO, params={"name": "Ada; $(id)"})
    document = server.wait(run, states.SUCCEEDED)
    assert document["result"] == "hello Ada; $(id)"
    assert server.get(f"/runs/{run}/result").json["result"] == "hello Ada; $(id)"
    drawn = server.get(f"/runs/{run}/graph.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert "greet: ✓ succeeded" in drawn.text
    assert server.get(f"/runs/{run}/graph.dot").text.startswith("digraph")
    assert server.get(f"/runs/{run}/tasks/greet/logs").text == "hello Ada; $(id)\n"


def test_a_run_starts_soon_after_it_was_submitted(server: Server) -> None:
    waits = []
    for _ in range(5):
        document = server.wait(server.submit(HELLO), states.SUCCEEDED)
        waits.append(_seconds(document["started_at"]) - _seconds(document["created_at"]))
    assert sorted(waits)[2] < 0.15, waits


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_the_command_and_the_server_share_their_runs(server: Server) -> None:
    run = server.submit(HELLO)
    server.wait(run, states.SUCCEEDED)
    listed = server.project.flow("list", "--json").document["runs"]
    assert run in [item["run"] for item in listed]
    server.project.write("own.flow", HELLO)
    own = server.project.flow("run", "own.flow", "--json").document
    assert server.get(f"/runs/{own['run']}").json["state"] == states.SUCCEEDED


def test_a_failure_is_told_with_its_log(server: Server) -> None:
    run = server.submit(FAILS)
    document = server.wait(run, states.FAILED)
    assert document["tasks"][0]["error"]["code"] == "exit_7"
    assert server.get(f"/runs/{run}/tasks/broken/logs?tail=7").text == "almost\n"
    answer = server.get(f"/runs/{run}/tasks/broken/logs?attempt=2")
    assert (answer.status, answer.json["type"]) == (404, "urn:flow:problem:unknown-attempt")
    again = server.post(f"/runs/{run}/cancel")
    assert (again.status, again.json["state"]) == (409, "failed")


def test_tasks_come_in_pages(server: Server) -> None:
    run = server.submit(FAN, params={"n": 5})
    server.wait(run, states.SUCCEEDED)
    first = server.get(f"/runs/{run}/tasks?limit=4").json
    second = server.get(f"/runs/{run}/tasks?limit=4&cursor={first['next_cursor']}").json
    keys = [task["key"] for task in first["tasks"] + second["tasks"]]
    assert keys == ["part", *(f"part[{i}]" for i in range(5))]
    assert second["next_cursor"] is None
    assert server.get(f"/runs/{run}/tasks/part%5B3%5D/logs").text == "part 3\n"


def frames(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def test_events_are_streamed_and_resumed(server: Server) -> None:
    run = server.submit(FAN)
    told = frames(server.get(f"/runs/{run}/events").text)  # ends with the run
    assert told[-1]["event"] == "end"
    assert json.loads(told[-1]["data"]) == {"run": run, "state": "succeeded"}
    changes = [
        change for frame in told if frame.get("event") == "change" for change in json.loads(frame["data"])["changes"]
    ]
    last = {change.get("task", "run"): change["state"] for change in changes}
    assert last == dict.fromkeys(["part", "part[0]", "part[1]", "part[2]", "run"], "succeeded")
    ids = [int(frame["id"]) for frame in told if "id" in frame]
    rest = frames(server.get(f"/runs/{run}/events", **{"Last-Event-ID": str(ids[1])}).text)
    assert [int(frame["id"]) for frame in rest if "id" in frame] == ids[2:]


def test_a_cancelled_run_ends_and_leaves_no_process(own: Server) -> None:
    run = own.submit(SLEEP)
    until(lambda: any("sleep 60" in line for line in own.project.commands()), what="the sleep")
    answer = own.post(f"/runs/{run}/cancel")
    assert answer.status == 202
    own.wait(run, states.CANCELLED)
    until(lambda: not any("sleep 60" in line for line in own.project.commands()), what="the sleep's end")
    assert own.post(f"/runs/{run}/cancel").status == 200


def test_a_run_survives_the_death_of_the_worker(own: Server) -> None:
    source = 'flow 1\nworkflow w -> str { task a -> str { shell "sleep 0.7; echo $FLOW_ATTEMPT" }; return a }\n'
    run = own.submit(source)
    until(lambda: any("sleep 0.7" in line for line in own.project.commands()), what="the body")
    first = own.worker_pid()
    os.kill(first, signal.SIGKILL)
    document = own.wait(run, states.SUCCEEDED)
    assert document["result"] == "2"
    assert own.worker_pid() != first


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_soon(own: Server, number: int) -> None:
    run = own.submit(SLEEP)
    until(lambda: any("sleep 60" in line for line in own.project.commands()), what="the sleep")
    stream = _OpenStream(own, f"/api/v1/runs/{run}/events")
    began = time.monotonic()
    assert own.end(number) == 0
    assert time.monotonic() - began < 4
    assert own.project.processes() == []
    assert "Traceback" not in "".join(own.lines)
    stream.join()
    with Server(own.project) as again:
        assert not again.lines[0].startswith("admin token")
        until(lambda: any("sleep 60" in line for line in again.project.commands()), what="the run going on")
        again.post(f"/runs/{run}/cancel")
        again.wait(run, states.CANCELLED)


class _OpenStream(threading.Thread):
    """Reads a stream of a server until the server ends it."""

    def __init__(self, server: Server, path: str) -> None:
        super().__init__()
        self._reading = threading.Event()
        host, _, port = server.url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)))
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {server.token}\r\n\r\n"
        self._socket.sendall(request.encode())
        self.start()
        assert self._reading.wait(10)

    def run(self) -> None:
        with self._socket:
            while self._socket.recv(4096):
                self._reading.set()


def test_a_large_drawing_does_not_hold_the_end_up(own: Server) -> None:
    tasks = "".join(f'  task t{number} {{ shell "true"; delay = 1h }}\n' for number in range(6000))
    run = own.submit(f"flow 1\nworkflow large {{\n{tasks}}}\n")

    def ask() -> None:
        with suppress(OSError):  # the server may end before it answers
            own.get(f"/runs/{run}/graph.svg")

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: any("-Tsvg" in line for line in own.project.commands()), what="the layout")
    began = time.monotonic()
    assert own.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 4
    assert own.project.processes() == []
    asking.join()


def test_a_killed_server_takes_its_worker_along(tmp_path: Path) -> None:
    server = Server(Project(tmp_path / "killed"))
    server.submit(SLEEP)
    until(lambda: any("sleep 60" in line for line in server.project.commands()), what="the sleep")
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not server.project.processes(), 10, "the end of all processes")


def test_the_token_is_kept_for_its_owner_and_told_once(own: Server) -> None:
    path = own.project.home / "token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert own.end(signal.SIGTERM) == 0
    assert own.token in "".join(own.lines)
    with Server(own.project) as again:
        again.end(signal.SIGTERM)
        assert again.token == own.token
        assert own.token not in "".join(again.lines)


def test_flow_token_overrides_and_bodies_do_not_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_TOKEN", "from-the-environment")
    monkeypatch.setenv("FLOW_JWT_KEY", "k" * 40)
    monkeypatch.setenv("FLOW_JWT_AUDIENCE", "flow")
    project = Project(tmp_path / "environment")
    project.home.mkdir()
    with Server(project) as server:
        assert server.get("/runs").status == 200
        assert not (project.home / "token").exists()
        source = 'flow 1\nworkflow w -> str { task a -> str { shell "echo token=${FLOW_TOKEN:-none}${FLOW_JWT_KEY:-}" }; return a }\n'
        assert server.wait(server.submit(source), states.SUCCEEDED)["result"] == "token=none"


def test_what_keeps_it_from_starting_is_told(own: Server, tmp_path: Path) -> None:
    port = own.url.rpartition(":")[2]
    busy = Project(tmp_path / "busy").flow("server", "--port", port)
    assert busy.code == 3
    assert f"port {port} of 127.0.0.1 is in use" in busy.err
    elsewhere = Project(tmp_path / "elsewhere").flow("server", "--host", "203.0.113.7", "--port", "0")
    assert elsewhere.code == 3
    blocked = Project(tmp_path / "blocked")
    blocked.home.write_text("a file where the state should be")
    refused = blocked.flow("server", "--port", "0")
    assert refused.code == 3
    assert "FLOW_HOME" in refused.err
    assert "Traceback" not in busy.err + elsewhere.err + refused.err


def test_an_open_address_is_warned_of(tmp_path: Path) -> None:
    server = Server(Project(tmp_path / "open"), "--host", "0.0.0.0")
    assert server.end(signal.SIGTERM) == 0
    assert "can run any command" in "".join(server.lines)

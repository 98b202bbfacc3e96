"""Settings that change while a role goes on."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from flow_engine.errors import Refused
from flow_runtime import settings_watch
from flow_runtime.notices.delivery import Delivery
from flow_runtime.settings import resolve as resolving
from flow_runtime.settings.current import Change, Configuration
from flow_runtime.settings.layer import Layer
from flow_runtime.settings.trouble import ParametersDown
from flow_runtime.settings_watch import Watch
from flow_server.auth.settings import checked
from support.command import Project
from support.server import HELLO, Server
from support.waiting import until


def test_what_counts_at_once_and_what_at_the_next_start(tmp_path: Path) -> None:
    file, environment = tmp_path / "flow.yaml", {"FLOW_AUDIT_DAYS": "7"}
    file.write_text("rate_limit: 10\nlease: 20\naudit_days: 8\n")
    found = Configuration(str(tmp_path), environment=environment)
    file.write_text("rate_limit: 11\nlease: 30\naudit_days: 9\nlog_level: info\n")
    assert found.reload("server") == Change(("rate_limit",), ("lease",)), (
        "the environment wins, and a default is no change"
    )
    assert (environment["FLOW_RATE_LIMIT"], environment["FLOW_LEASE"]) == ("11", "20")
    assert found.reload("server") == Change((), ()), "it has been told"
    file.write_text("lease: 20\n")
    assert found.reload("server") == Change(("rate_limit",), ()), "back to what is in force"
    assert "FLOW_RATE_LIMIT" not in environment
    file.write_text("lease: 20\nrate_limit: 12\nkafka: a:1\n")
    assert found.reload("notifier") == Change((), ()), "it is of no use to a notifier"


@pytest.mark.parametrize(
    "wrong",
    ["rate_limit: 12\nlese: 1\n", "rate_limit: soon\n", "rate_limit: 12\npolicy: /nowhere\n", "rate_limit: 12\nx: [\n"],
)
def test_a_wrong_file_is_refused_whole_and_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    file, environment = tmp_path / "flow.yaml", {"FLOW_TOKEN": "opensesame"}
    file.write_text("rate_limit: 10\n")
    found = Configuration(str(tmp_path), environment=environment)
    before = dict(environment)
    watch = Watch(found, "server", checked)
    file.write_text(wrong)
    watch.look()
    watch.look()
    assert environment == before
    told = capsys.readouterr().err
    assert told.count("the settings stay as they were: ") == 1, told
    assert str(file) in told or "FLOW_POLICY" in told
    file.write_text("rate_limit: 12\n")
    watch.look()
    assert environment["FLOW_RATE_LIMIT"] == "12"
    assert "settings changed: rate_limit" in capsys.readouterr().err
    with pytest.raises(Refused):
        checked({"FLOW_POLICY": "/nowhere"})


def test_a_policy_in_a_file_of_its_own_counts_once_that_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, environment, applied = tmp_path / "policy.json", dict[str, str](), list[str]()
    policy.write_text('{"team-a": ["http"]}')
    (tmp_path / "flow.yaml").write_text(f"policy: {policy}\n")
    found = Configuration(str(tmp_path), environment=environment)
    watch = Watch(found, "server", checked, lambda: applied.append(policy.read_text()))
    assert not found.file_changed()
    policy.write_text('{"team-a": ["http", "shell"]}')
    assert found.file_changed()
    watch.look()
    assert applied == ['{"team-a": ["http", "shell"]}']
    assert "settings changed: policy" in capsys.readouterr().err
    assert not found.file_changed()
    policy.write_text("no policy")
    watch.look()
    assert len(applied) == 1
    policy.write_text('{"team-a": []}')
    watch.look()
    assert applied[1:] == ['{"team-a": []}']
    assert found.reload("worker") == Change((), ())


def test_whoever_asks_has_the_settings_applied_whether_or_not_one_has_changed(tmp_path: Path) -> None:
    applied: list[int] = []
    watch = Watch(Configuration(str(tmp_path), environment={}), "server", checked, lambda: applied.append(1))
    watch.look()
    assert applied == []
    watch.look(asked=True)
    assert applied == [1]


def test_a_watch_may_be_stopped_that_was_not_started(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGHUP)
    watch = Watch(Configuration(str(tmp_path), environment={}), "server")
    watch.stop()
    watch.start()
    watch.stop()
    watch.stop()
    assert signal.getsignal(signal.SIGHUP) == before


def test_a_notifier_goes_by_what_is_set_now() -> None:
    environment = {"FLOW_NOTIFY_PRIVATE": "0"}
    delivery = Delivery(environment=environment)
    guarded = delivery._allowed()
    assert delivery._allowed() is guarded
    environment["FLOW_NOTIFY_PRIVATE"] = "1"
    assert delivery._allowed().pool_classes_by_scheme != guarded.pool_classes_by_scheme


def test_parameter_store_is_asked_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of its own, and a failure changes nothing."""
    asked: list[float] = []
    environment = {"FLOW_SSM_PREFIX": "/flow"}

    def parameters(prefix: str) -> Layer:
        asked.append(time.monotonic())
        if len(asked) == 2:
            raise ParametersDown("away")
        return Layer({"rate_limit": str(len(asked))}, {"rate_limit": f"ssm:{prefix}/rate_limit"})

    monkeypatch.setattr(resolving, "of_parameters", parameters)
    monkeypatch.setattr(settings_watch, "LOOK", 0.01)
    monkeypatch.setattr(settings_watch, "ASK", 0.2)
    watch = Watch(Configuration(str(tmp_path), environment=environment), "server", checked)
    seen: set[str] = set()
    began = time.monotonic()
    watch.start()
    try:
        while len(asked) < 5:
            seen.add(environment["FLOW_RATE_LIMIT"])
            assert time.monotonic() - began < 20, asked
            time.sleep(0.01)
    finally:
        watch.stop()
    assert len(asked) - 1 <= (time.monotonic() - began) / settings_watch.ASK
    assert "2" not in seen, "what failed has changed something"
    assert environment["FLOW_RATE_LIMIT"] == str(len(asked))


def test_a_prefix_that_is_new_counts_at_once_and_is_not_lost_where_nobody_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    environment: dict[str, str] = {}

    def parameters(prefix: str) -> Layer:
        asked.append(prefix)
        if len(asked) == 1:
            raise ParametersDown("away")
        return Layer({"rate_limit": "7"}, {"rate_limit": f"ssm:{prefix}/rate_limit"})

    monkeypatch.setattr(resolving, "of_parameters", parameters)
    monkeypatch.setattr(settings_watch, "LOOK", 0.01)
    monkeypatch.setattr(settings_watch, "ASK", 0.1)
    found = Configuration(str(tmp_path), environment=environment)
    watch = Watch(found, "server", checked)
    watch.start()
    try:
        (tmp_path / "flow.yaml").write_text("ssm_prefix: /flow\n")
        until(lambda: environment.get("FLOW_RATE_LIMIT") == "7", 10, "the parameter")
        assert found.asks_parameters
        assert not found.is_behind
        until(lambda: len(asked) > 3, 10, "that it is asked again and again")
    finally:
        watch.stop()
    told = capsys.readouterr().err
    assert "the settings stay as they were: away" in told
    assert "settings changed: ssm_prefix, rate_limit" in told
    assert "next start" not in told


class Talking:
    """A server whose lines are read as they come, with a file of settings."""

    def __init__(self, folder: Path, text: str) -> None:
        self.project = Project(folder)
        self.file = self.project.write(".flow/flow.yaml", text)
        self.server = Server(self.project, "--no-schedules")
        self.lines = self.server.lines
        stream = self.server.process.stderr
        assert stream is not None
        self._reader = threading.Thread(target=lambda: self.lines.extend(iter(stream.readline, "")), daemon=True)
        self._reader.start()

    def told(self, text: str, since: int = 0) -> None:
        until(lambda: any(text in line for line in self.lines[since:]), 15, f"the line {text!r} in {self.lines}")

    def hang_up(self) -> None:
        self.server.process.send_signal(signal.SIGHUP)


def test_a_server_takes_new_settings_under_requests(tmp_path: Path) -> None:
    """No request fails, and the next ones go by the new policy and rate."""
    there = Talking(tmp_path, "rate_limit: 100000\n")
    statuses: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            statuses.append(there.server.get("/runs").status)

    with there.server as server:
        asking = threading.Thread(target=ask)
        asking.start()
        for turn in range(2):
            before = len(there.lines)
            there.file.write_text(f"rate_limit: 10000{turn}\npolicy: {{team-a: [shell]}}\nlease: {20 + turn}\n")
            if turn:
                there.hang_up()
            there.told("settings changed: ", before)
            there.told("takes effect at the next start: lease", before)
        there.file.write_text("rate_limit: 1\nlese: 1\n")
        there.hang_up()
        there.told("the settings stay as they were")
        run = server.call("POST", "/api/v1/runs", {"source": HELLO}, {"X-Flow-Namespace": "team-a"})
        assert run.status == 201, "the policy was changed and has stayed"
        done.set()
        asking.join()
        assert set(statuses) == {200}, statuses
        assert len(statuses) > 20
        there.file.write_text("rate_limit: 2\n")
        there.told("settings changed: policy, rate_limit")
        assert 429 in [server.get("/runs").status for _ in range(8)]
        pid = server.worker_pid()
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert server.worker_pid() == pid
    assert "Traceback" not in "".join(there.lines)


ROLE = """
import signal, sys, time
from flow_runtime.settings.current import Configuration
from flow_runtime.settings_watch import Watch
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have it ignored (nohup), and then it stays so
signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[2], "w").write("ended"), sys.exit(0)))
Watch(Configuration(sys.argv[1]), "worker").start()
open(sys.argv[2], "w").write("ready")
time.sleep(30)
"""


def test_a_closed_terminal_ends_a_role_and_a_signal_does_not(tmp_path: Path) -> None:
    """The kernel sends both as SIGHUP."""
    mark, (master, slave) = tmp_path / "mark", pty.openpty()
    script = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{ROLE}"
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), str(mark)],
        stdin=slave, stdout=slave, stderr=subprocess.PIPE, env=environment, start_new_session=True, text=True,
    ) as process:  # fmt: skip
        os.close(slave)
        until(lambda: mark.exists() and mark.read_text() == "ready", 20, "its start")
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        assert "were read again" in process.stderr.readline()
        os.close(master)
        assert process.wait(20) == 0
    assert mark.read_text() == "ended"

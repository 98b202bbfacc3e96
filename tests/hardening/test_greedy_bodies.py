"""Bodies that take all they can get: what they write, hold and start is bounded, with a clear end, and nothing is left of them."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from flow_runtime.executors import bounded_log
from flow_runtime.executors.bounded_log import MARK, pieces, settle, trim, without_edges
from flow_runtime.log_reader import LogReader
from support.command import Ended, Project
from support.peaks import watching
from support.waiting import until

MIB = 1 << 20
SIZE = int(os.environ.get("FLOW_TEST_PRINTED_MIB", "300"))
"""MiB that a body prints; the campaign in docs/reliability.md takes 1,024."""
LIMIT = 2 * MIB
PRINTERS = {
    "shell": (
        "",
        f'shell """\n      echo first\n      head -c {SIZE}M /dev/zero | tr "\\\\0" y\n      echo; echo last\n    """',
    ),
    "shell, on both": (
        "",
        f'shell """\n      echo first\n      head -c {SIZE // 2}M /dev/zero | tr "\\\\0" y\n'
        f'      head -c {SIZE // 2}M /dev/zero | tr "\\\\0" y >&2\n      echo; echo last\n    """',
    ),
    "Python": (
        "",
        f"python '''\n      print('first')\n      for _ in range({SIZE * 8}): print('y' * 131071)\n      print('last')\n    '''",
    ),
    "a process of Python": (
        "",
        f"python '''\n      import os\n      os.system('echo first; head -c {SIZE}M /dev/zero | tr \"\\\\\\\\0\" y; echo; echo last')\n    '''",
    ),
}


@pytest.mark.parametrize("name", list(PRINTERS))
def test_a_body_that_prints_without_end_keeps_the_beginning_and_the_end(
    project: Project, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_LOG_LIMIT", "2MiB")
    arrow, body = PRINTERS[name]
    project.write("p.flow", f"flow 1\nworkflow w {{\n  task t {arrow} {{\n    {body}\n  }}\n}}\n")
    with watching(project) as peak:
        ended = project.flow("run", "p.flow", "--json")
    assert ended.code == 0, ended
    (log,) = (project.home / "logs").rglob("*.log")
    data = log.read_bytes()
    found = re.search(MARK, data)
    assert found is not None
    assert len(data) <= LIMIT * 5 // 4 + 200
    assert data.startswith(b"first\n")
    assert data.endswith(b"last\n")
    left_out = int(found[1]) + len(data) - len(found[0])
    assert abs(left_out - SIZE * MIB) < 200_000, "the bytes that were left out are counted"
    shown = project.flow("logs").out
    assert shown.startswith("--- t\nfirst\n")
    assert shown.endswith("last\n")
    assert "bytes left out" in shown
    assert peak.memory < 150 * MIB
    print(f"{name}: {SIZE} MiB printed, peak {peak.logs / MIB:.1f} MiB on disk, {peak.memory / MIB:.0f} MiB resident")


def test_an_output_that_is_a_result_and_too_large_leaves_a_bounded_log(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_LOG_LIMIT", "2MiB")
    body = f'shell "head -c {SIZE}M /dev/zero | tr \\\\\\\\0 y"'
    project.write("p.flow", f"flow 1\nworkflow w {{\n  task t -> str {{\n    {body}\n  }}\n}}\n")
    ended = project.flow("run", "p.flow", "--json")
    assert ended.document["tasks"][0]["error"]["code"] == "too_large"
    (log,) = (project.home / "logs").rglob("*.log")
    assert log.stat().st_size <= LIMIT * 5 // 4 + 200


def test_what_is_shown_of_a_log_that_is_cut_while_it_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every byte is shown once, or is in a line that says how many are not."""
    monkeypatch.setenv("FLOW_LOG_LIMIT", "256KiB")
    log = tmp_path / "0.1.log"
    reader = LogReader()
    shown = b""
    written = 0
    with open(log, "ab", buffering=0) as stream:
        for number in range(40):
            line = f"{number:05d} ".encode() * 3000
            stream.write(line)
            written += len(line)
            if number % 3:
                trim(str(log))
            if number in (5, 20, 31):
                shown += b"".join(reader.read(str(log)))
    settle(str(log))
    assert log.stat().st_size < 400_000
    shown += b"".join(reader.read(str(log)))
    left_out = sum(int(found[1]) for found in re.finditer(MARK, shown))
    text = re.sub(MARK, b"", shown)
    assert len(text) + left_out == written
    numbers = [int(found) for found in re.findall(rb"\b\d{5}\b", text)]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 39
    assert numbers[0] == 0


def test_a_hole_keeps_the_beginning_that_a_result_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_LOG_LIMIT", "64KiB")
    log = tmp_path / "0.1.log.out"
    data = os.urandom(2 * MIB)
    log.write_bytes(data)
    assert trim(str(log), head=MIB)
    assert not trim(str(log), head=MIB), "there is nothing more to give back"
    with open(log, "rb") as stream:
        assert stream.read(MIB) == data[:MIB]
        kept = b"".join(pieces(stream.fileno()))
    assert kept.endswith(data[-32 * 1024 :])
    (found,) = re.finditer(MARK, kept)
    assert len(kept) - len(found[0]) + int(found[1]) == 2 * MIB


def test_half_a_secret_at_a_hole_is_not_shown() -> None:
    blocks = [b"text sec", bounded_log.mark(100), b"ret more", b"end"]
    assert b"".join(without_edges(blocks, 6)) == b"te" + bounded_log.mark(100) + b"re" + b"end"
    assert b"".join(without_edges([b"a", b"b"], 6)) == b"ab"


def run_body(project: Project, body: str, settings: str = "", result: str = "", kind: str = "shell") -> Ended:
    quotes = "'''" if kind == "python" else '"""'
    lines = "\n".join(f"      {line}" for line in body.strip("\n").splitlines())
    text = f"flow 1\nworkflow w {{\n  task t {result} {{\n    {kind} {quotes}\n{lines}\n    {quotes}\n    {settings}\n  }}\n}}\n"
    project.write("t.flow", text)
    return project.flow("run", "t.flow", "--json")


def code_of(ended: Ended) -> str | None:
    error = ended.document["tasks"][0]["error"]
    return None if error is None else str(error["code"])


BOMB = """
bomb() {{ if [ "$1" -gt 0 ]; then bomb $(($1 - 1)) & bomb $(($1 - 1)) & fi; {does}; wait; }}
bomb 5
wait
"""
"""Doubles five times: 63 processes, so that the machine of the test outlives a defect."""


@pytest.mark.parametrize(
    ("does", "limit", "code"),
    [
        ("while :; do :; done", "cpu = 2s", "cpu"),
        ("x=$(head -c 4000000 /dev/urandom | base64); sleep 30", "memory = 150MiB", "memory"),
    ],
)
def test_a_fork_bomb_ends_at_a_limit_with_all_that_it_started(
    project: Project, does: str, limit: str, code: str
) -> None:
    ended = run_body(project, BOMB.format(does=does), f"limits {{ {limit} }}")
    assert code_of(ended) == code, ended
    assert limit.split(" = ")[0] in ended.document["tasks"][0]["error"]["message"]
    assert project.processes() == []


def test_a_fork_bomb_whose_processes_leave_their_parents_ends_with_its_body(project: Project) -> None:
    body = "leave() { if [ $1 -gt 0 ]; then (leave $(($1 - 1)) &) ; (leave $(($1 - 1)) &) ; fi; sleep 300; }\nleave 5 &\nsleep 1\nexit 3"
    ended = run_body(project, body)
    assert code_of(ended) == "exit_3"
    assert project.processes() == []


def test_a_memory_hog_in_python_ends_alone(project: Project) -> None:
    project.write(
        "t.flow",
        """flow 1
workflow w -> int {
  task hog {
    python '''
      held = []
      while True: held.append(bytearray(1 << 20))
    '''
    limits { memory = 300MiB }
    optional = true
  }
  task other for n in range(20) -> int { python '''return n''' }
  return sum(other)
}
""",
    )
    ended = project.flow("run", "t.flow", "--json")
    assert (ended.code, ended.document["result"]) == (0, 190)
    assert ended.document["tasks"][0]["error"]["code"] == "memory"


@pytest.mark.parametrize("settings", ["", "limits { output = 1MiB }"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("shell", "exec >&- 2>&-\nsleep 0.3\nflow-out n=3"),
        ("python", "import os, sys\nos.close(1)\nos.close(2)\nsys.stdout.close()\nreturn {'n': 3}"),
        ("python", "import os\nos.closerange(0, 3)\nreturn {'n': 3}"),
    ],
)
def test_a_body_that_closes_its_output_has_its_result(project: Project, kind: str, body: str, settings: str) -> None:
    ended = run_body(project, body, f"out n: int\n    {settings}", kind=kind)
    assert (ended.code, code_of(ended)) == (0, None), ended
    assert ended.document["tasks"][0]["result"] == {"n": 3}


DAEMON = (
    "python3 -c 'import os, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(300)'\n"
)


@pytest.mark.parametrize("how", ["a daemon", "a daemon that holds the output", "a session", "nohup"])
def test_what_a_body_leaves_in_the_background_ends_with_the_run(project: Project, how: str) -> None:
    started = {
        "a daemon": DAEMON.replace("\n", " >/dev/null 2>&1\n"),
        "a daemon that holds the output": DAEMON,
        "a session": "setsid sleep 300 &\n",
        "nohup": "nohup sleep 300 >/dev/null 2>&1 &\n",
    }[how]
    began = time.monotonic()
    ended = run_body(project, f"{started}flow-out n=3", "out n: int")
    assert (ended.code, code_of(ended)) == (0, None), ended
    assert time.monotonic() - began < 30
    assert project.processes() == []


def test_a_body_that_ignores_sigterm_does_not_hold_a_cancel_up(project: Project) -> None:
    project.write(
        "t.flow", "flow 1\nworkflow w {\n  task t { shell \"trap '' TERM INT; while :; do sleep 1; done\" }\n}\n"
    )
    with project.start("run", "t.flow", "--json") as running:
        until(lambda: any("sleep" in line for line in project.processes()), what="the body")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    assert running.returncode == 130
    assert project.processes() == []

"""The commands with --url: what they print and end with is what they do on the local state."""

import json
import re
import shlex
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flow_cli.backends import server_replayer
from support.command import Ended, Project
from support.inside import Inside
from support.letter_parts import Parts
from support.server import HELLO, SLEEP, Server
from support.waiting import until

ORDER = """flow 1
from python "lib/prices.py" import price
workflow order(items: list[str] = ["pear", "plum"], data: file = file("rates.txt")) -> json {
  task priced for item in items -> int { call price(item = item) }
  task total -> int {
    after [priced]
    shell "echo $(( $(cat ~{data}) * 2 ))"
  }
  task never when count(items) > 5 { shell "true" }
  return { prices = priced, total = total }
}
"""
FAILS = '''flow 1
workflow fails {
  task good -> str { shell "echo good" }
  task bad { after [good]; shell """
    echo the last words
    exit 3
  """ }
  task later { after [bad]; shell "true" }
}
'''
ASKS = """flow 1
workflow asks -> json {
  wait release -> bool { approval = "Publish it?" }
  wait paid -> int { event = "paid" }
  return { release = release, paid = paid }
}
"""
NIGHTLY = HELLO.replace("  task", '  schedule = cron("0 2 * * *", tz = "Europe/Berlin")\n  task')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(Project(tmp_path_factory.mktemp("server") / "served"), "--no-schedules") as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "here")
    made.write("order.flow", ORDER)
    made.write("rates.txt", "21\n")
    made.write("lib/prices.py", "def price(item: str) -> int:\n    return len(item)\n")
    return made


@pytest.fixture
def inside(project: Project, server: Server, monkeypatch: pytest.MonkeyPatch) -> Inside:
    monkeypatch.setenv("FLOW_TOKEN", server.token)
    return Inside(project, monkeypatch)


@pytest.fixture
def remote(project: Project, server: Server, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("FLOW_TOKEN", server.token)
    return project


def plain(text: str) -> str:
    """Without run ids and times."""
    text = re.sub(r"\b01[0-9a-z]{24}\b", "RUN", text)
    return re.sub(r" +[0-9.]+m?s\b", " TIME", text)


def both(project: Project | Inside, server: Server, *arguments: str) -> tuple[Ended, Ended]:
    return project.flow(*arguments), project.flow(*arguments, "--url", server.url)


def test_a_run_with_its_folder_looks_the_same(remote: Project, server: Server) -> None:
    here, there = both(remote, server, "run", "order.flow")
    assert (here.code, there.code) == (0, 0), there.err
    assert json.loads(there.out) == json.loads(here.out) == {"prices": [4, 4], "total": 42}
    told = [sorted(plain(ended.err).splitlines()) for ended in (here, there)]
    assert told[0] == told[1]


def test_a_failure_looks_the_same(remote: Project, inside: Inside, server: Server) -> None:
    remote.write("fails.flow", FAILS)
    here, there = both(remote, server, "run", "fails.flow", "--json")
    assert (here.code, there.code) == (1, 1)
    states = [[(task["key"], task["state"]) for task in ended.document["tasks"]] for ended in (here, there)]
    assert states[0] == states[1]
    quoted = [plain(ended.err.partition("  the whole log")[0]) for ended in (here, there)]
    assert quoted[0] == quoted[1]
    assert f"{remote.folder}/fails.flow:4" in there.err
    run = there.document["run"]
    assert f"flow logs {run} bad" in there.err
    logs = inside.flow("logs", run, "bad", "--url", server.url)
    assert logs.out == "--- bad\nthe last words\n"
    status = inside.flow("status", run, "--url", server.url)
    assert "the last words" in status.out
    again = inside.flow("retry", run, "--url", server.url, "-q")
    assert (again.code, "the last words" in again.err) == (1, True)
    remote.write("fails.flow", FAILS.replace("exit 3", "exit 0"))
    diff = inside.flow("diff", run, "fails.flow", "--url", server.url)
    assert (diff.code, diff.out.split()[:2]) == (1, ["good", "taken"])
    fixed = inside.flow("retry", run, "--with", "fails.flow", "--url", server.url, "--json")
    assert (fixed.code, fixed.document["state"]) == (0, "succeeded"), fixed.err


def test_wrong_files_and_parameters_are_told_here(remote: Project, inside: Inside, server: Server) -> None:
    remote.write("hello.flow", HELLO)
    remote.write("wrong.flow", HELLO.replace("~{name}", "~{nome}"))
    for arguments in (("run", "wrong.flow"), ("run", "hello.flow", "-p", "nome=x"), ("run", "absent.flow")):
        here, there = both(inside, server, *arguments)
        assert (there.code, there.err) == (here.code, here.err) == (2, here.err)
    wrong = inside.flow("run", "order.flow", "-p", "data=/nowhere/at.all", "--url", server.url, "--json")
    assert (wrong.code, wrong.document["error"]["code"]) == (2, "wrong_parameters")
    assert "/nowhere/at.all" in wrong.document["error"]["message"]


def test_ctrl_c_cancels_the_run_on_the_server(remote: Project, server: Server) -> None:
    remote.write("nap.flow", SLEEP)
    running = remote.start("run", "nap.flow", "--json", "--url", server.url)
    url = "/runs?workflow=nap&state=running"
    run = until(lambda: server.get(url).json["runs"], 60, "the run on the server")[0]["run"]
    until(lambda: server.get(f"/runs/{run}").json["tasks"][0]["state"] == "running", 30, "the body")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, json.loads(out)["state"]) == (130, "cancelled"), err
    assert server.get(f"/runs/{run}").json["state"] == "cancelled"


def test_what_is_detached_can_be_seen_and_stopped(remote: Project, inside: Inside, server: Server) -> None:
    remote.write("nap.flow", SLEEP)
    begun = inside.flow("run", "nap.flow", "--detach", "--url", server.url)
    run = begun.out.strip()
    assert (begun.code, len(run)) == (0, 26)
    listed = inside.flow("list", "--workflow", "nap", "--url", server.url)
    assert run in listed.out
    assert inside.flow("list", "--json").document == {"runs": []}
    graph = inside.flow("graph", run, "--format", "mermaid", "--url", server.url)
    assert "rest" in graph.out
    why = inside.flow("why", run, "rest", "--url", server.url, "--json")
    assert why.document["task"] == "rest"
    stopped = inside.flow("cancel", run, "--url", server.url)
    assert f"run {run} cancelled" in stopped.err
    assert "has ended already: cancelled" in inside.flow("cancel", run, "--url", server.url).err


def test_questions_are_answered(remote: Project, inside: Inside, server: Server) -> None:
    remote.write("asks.flow", ASKS)
    running = remote.start("run", "asks.flow", "--json", "--url", server.url)
    run = until(lambda: server.get("/runs?workflow=asks&state=running").json["runs"], 60, "the run")[0]["run"]
    until(lambda: all(task["state"] == "waiting" for task in server.get(f"/runs/{run}").json["tasks"]), 30)
    watching = remote.start("run", "--resume", run, "--json", "--url", server.url)
    approved = inside.flow("approve", run, "--url", server.url)
    assert (approved.code, approved.err) == (0, f"approved release of run {run}: Publish it?\n")
    wrong = inside.flow("signal", run, "paid", "much", "--url", server.url)
    assert (wrong.code, "waits for a `int`" in wrong.err) == (2, True)
    sent = inside.flow("signal", run, "paid", "12", "--url", server.url)
    assert sent.err == f"paid goes to paid of run {run}\n"
    out, err = running.communicate(timeout=60)
    assert json.loads(out)["result"] == {"release": True, "paid": 12}, err
    assert watching.communicate(timeout=60)[0] == out
    assert inside.flow("run", "--resume", run, "--json", "--url", server.url).out == out


def test_many_runs_are_submitted_once(remote: Project, inside: Inside, server: Server) -> None:
    remote.write("hello.flow", HELLO)
    lines = [{"params": {"name": name}, "idempotency_key": f"many-{name}"} for name in ("ada", "bob", "eve")]
    remote.write("runs.jsonl", "\n".join(map(json.dumps, lines)) + "\n")
    arguments = ("submit", "hello.flow", "--lines", "runs.jsonl", "--json", "--url", server.url)
    first, again = (inside.flow(*arguments).document["runs"] for _ in range(2))
    assert [run["created"] for run in first] == [True] * 3
    assert again == [{**run, "created": False} for run in first]
    done = server.wait(first[2]["run"], "succeeded", 60)
    assert done["result"] == "hello eve"
    counted = inside.flow("submit", "hello.flow", "--count", "2", "--key", "c", "--url", server.url)
    assert counted.out == inside.flow("submit", "hello.flow", "--count", "2", "--key", "c", "--url", server.url).out
    remote.write("runs.jsonl", '{"param": {}}\n')
    wrong = inside.flow(*arguments)
    assert (wrong.code, "runs.jsonl:1" in wrong.document["error"]["message"]) == (2, True)


def test_submitted_here_is_left_to_a_worker(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("hello.flow", HELLO)
    inside = Inside(project, monkeypatch)
    begun = inside.flow("submit", "hello.flow", "-p", "name=Ada", "--key", "k", "--json")
    again = inside.flow("submit", "hello.flow", "-p", "name=Ada", "--key", "k", "--json")
    assert "nobody works on the runs now" in begun.err
    assert [ended.document["runs"][0]["created"] for ended in (begun, again)] == [True, False]
    run = begun.document["runs"][0]["run"]
    assert project.flow("run", "--resume", run, "-q").out == "hello Ada\n"


def test_schedules_and_pools(remote: Project, inside: Inside, server: Server) -> None:
    remote.write("nightly.flow", NIGHTLY)
    deployed = inside.flow("deploy", "nightly.flow", "--url", server.url)
    assert deployed.err.startswith("deployed hello, version 1: 0 2 * * * Europe/Berlin, next "), deployed.err
    assert "hello" in inside.flow("schedule", "list", "--url", server.url).out
    assert inside.flow("schedule", "pause", "hello", "--url", server.url).err == "hello is paused\n"
    assert inside.flow("schedule", "resume", "hello", "--url", server.url).err.startswith("resumed hello")
    following = inside.flow("schedule", "next", "hello", "-n", "2", "--after", "2026-03-28", "--url", server.url)
    assert len(following.out.splitlines()) == 3
    days = ("--from", "2026-01-01", "--to", "2026-01-02", "--url", server.url)
    filled = inside.flow("schedule", "backfill", "nightly.flow", *days)
    assert [line[:16] for line in filled.out.splitlines()] == ["2026-01-01 02:00", "2026-01-02 02:00"], filled.err
    assert inside.flow("schedule", "remove", "hello", "--url", server.url).code == 0
    assert "hello" in inside.flow("workflow", "list", "--url", server.url).out
    assert "-p name: str" in inside.flow("workflow", "show", "hello", "--url", server.url).out
    assert inside.flow("workflow", "remove", "hello", "--url", server.url).code == 0
    assert "is deployed" in inside.flow("workflow", "show", "hello", "--url", server.url).err
    assert inside.flow("schedule", "pause", "hello", "--url", server.url).code == 2
    assert inside.flow("pool", "set", "api", "4", "--url", server.url).code == 0
    assert "api" in inside.flow("pool", "list", "--url", server.url).out


def test_a_server_that_is_not_there_or_not_ours_is_told(
    remote: Project, inside: Inside, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.write("hello.flow", HELLO)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        gone = inside.flow("run", "hello.flow", "--url", url)
    assert (gone.code, f"no Flow server answers at {url}" in gone.err) == (3, True), gone.err
    monkeypatch.setenv("FLOW_URL", server.url)
    assert inside.flow("run", "hello.flow", "-q").out == "hello world\n"
    assert inside.flow("list", "--json").document["runs"][0]["workflow"] == "hello"
    assert inside.flow("status", "nothing").code == 2
    for wrong in ("ftp://x", "http://", "http://ada:secret@127.0.0.1:1", "127.0.0.1:8700"):
        assert inside.flow("list", "--url", wrong).code == 2
    monkeypatch.setenv("FLOW_TOKEN", "another-token-altogether")
    refused = inside.flow("list")
    assert (refused.code, "refuses the token" in refused.err) == (2, True)
    monkeypatch.delenv("FLOW_TOKEN")
    assert "FLOW_TOKEN" in inside.flow("list").err


MENDED = """flow 1
workflow mended(n: int) -> int {
  task double -> int { shell "[ ~{n} -gt 0 ]; echo $(( ~{n} * 2 ))" }
  return double
}
"""


def test_dead_letters_are_listed_shown_replayed_and_dropped(remote: Project, inside: Inside, server: Server) -> None:
    remote.write("mended.flow", MENDED)
    listed = []
    # a server is asked from within this process, which is quicker
    flows: list[Callable[..., Ended]] = [remote.flow, lambda *words: inside.flow(*words, "--url", server.url)]
    for flow in flows:
        for _ in range(3):
            assert flow("run", "mended.flow", "-p", "n=-1").code == 1
        letters = [one["id"] for one in flow("dlq", "list", "--workflow", "mended", "--json").document["letters"]]
        assert len(letters) == 3
        listed.append(plain(flow("dlq", "list", "--workflow", "mended").out.split("\n")[0]))
        assert "state     open" in flow("dlq", "show", letters[0]).out
        wrong = flow("dlq", "replay", letters[0], "--set", "n=x")
        assert (wrong.code, "must be `int`" in wrong.err) == (2, True), wrong
        replayed = flow("dlq", "replay", letters[0], "--set", "n=21")
        assert (replayed.code, replayed.out.strip()) == (0, "42"), replayed
        assert "trying 1 task again" in replayed.err
        again = flow("dlq", "replay", letters[0])
        assert (again.code, "was replayed at" in again.err) == (2, True), again
        assert flow("dlq", "drop", letters[1]).code == 0
        twice = flow("dlq", "drop", letters[1])
        assert (twice.code, "it was dropped" in twice.err) == (2, True), twice
        every = flow("dlq", "replay", "--all", "--workflow", "mended", "--set", "n=4", "--json")
        assert (every.code, [one["letters"] for one in every.document["runs"]]) == (0, [[letters[2]]]), every
        assert flow("dlq", "list", "--workflow", "mended").err == "no open dead letters\n"
        missing = flow("dlq", "show", letters[0] + "9")
        assert (missing.code, "there is no dead letter" in missing.err) == (2, True), missing
    assert listed[0] == listed[1]


PARTED = """flow 1
workflow parted(bad: int, floor: int = 0) -> int {
  task each for i in range(bad) -> int { shell "[ ~{floor} -gt ~{i} ]; echo ~{i}" }
  return sum(each)
}
"""


@pytest.fixture
def parts(inside: Inside, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    monkeypatch.setattr(server_replayer, "MOST", 3)
    made = Parts(inside, server, monkeypatch)
    yield made
    made.drop()


def test_more_letters_than_one_request_holds_are_replayed_in_parts(parts: Parts) -> None:
    """The server refused all of them: 422. Each run is in one part, since it goes on once."""
    parts.make(1, 2, 2, 1, source=PARTED)
    large = parts.make(4, source=PARTED)[0]
    ended = parts.replay("--set", "floor=9", "--json")
    assert ended.code == 0, ended
    assert sorted((len(one["letters"]), one["state"]) for one in ended.document["runs"]) == [
        *[(1, "succeeded")] * 2,
        *[(2, "succeeded")] * 2,
    ]
    assert parts.sent == [3, 3]
    assert f"left out: run {large} has 4 of these dead letters, and a server replays 3 of one run at most" in ended.err
    assert f"flow retry {large} --url" in ended.err
    assert parts.open() == [large] * 4


def test_a_value_that_is_wrong_in_a_later_part_stops_the_first_one(parts: Parts) -> None:
    old = parts.make(2, source=PARTED.replace("floor", "ground"))
    new = parts.make(2, source=PARTED)
    ended = parts.replay("--set", "floor=9")
    assert (ended.code, "does not read `floor`" in ended.err) == (2, True), ended
    assert parts.open() == [*new * 2, *old * 2]


@pytest.mark.parametrize("answered", [True, False])
def test_a_failure_between_parts_tells_what_was_replayed_and_how_to_go_on(parts: Parts, answered: bool) -> None:
    third, second, first = parts.make(2, 2, 2, source=PARTED)
    parts.fail_at(2, answered)
    ended = parts.replay("--set", "floor=9")
    assert ended.code == 3, ended
    told = ended.err.splitlines()
    assert told[1:4] == [
        f"replayed, and the server goes on with them: 2 dead letters of 1 run: {first}",
        f"perhaps replayed, since the answer is missing: 2 dead letters of 1 run: {second}",
        f"not replayed: 2 dead letters of 1 run: {third}",
    ]
    assert first not in parts.open()
    words = shlex.split(told[4].partition(": ")[2])
    assert words[:4] == ["flow", "dlq", "replay", "--all"]
    left = parts.inside.flow(*words[1:], "--json")
    assert left.code == 0, left
    assert {one["run"] for one in left.document["runs"]} == ({third} if answered else {second, third})
    assert parts.open() == []


def test_what_the_server_refuses_of_a_part_was_not_replayed(parts: Parts) -> None:
    third, second, first = parts.make(2, 2, 2, source=PARTED)
    parts.spoil(2)
    ended = parts.replay("--set", "floor=9", "--json")
    error = ended.document["error"]
    assert (ended.code, error["code"]) == (2, "unknown_letter"), ended
    lists = [{letter.split(":")[0] for letter in error[name]} for name in ("replayed", "unknown", "not_replayed")]
    assert lists == [{first}, set(), {second, third}]
    assert f"go on with: flow dlq replay --all --workflow parted --set floor=9 --url {parts.url}" in error["message"]

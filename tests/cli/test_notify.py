"""`flow notify` and `flow notifier` as commands, and the notifier of a server."""

import json
import signal
from pathlib import Path

import pytest
from flow_cli import exits
from support.command import Project
from support.server import Server
from support.service import Reply, service
from support.waiting import until

BAD = 'flow 1\nworkflow bad { task a { shell "exit 3" } }\n'
ASK = 'flow 1\nworkflow ask { wait ok { approval = "Release it?" } }\n'


def test_rules_are_kept_listed_replaced_and_removed(project: Project) -> None:
    assert "nobody is told of anything yet" in project.flow("notify", "list").err
    added = project.flow("notify", "add", "ops", "--mail", "a@example.com", "--mail", "b@example.com")
    assert (added.code, added.out.split()) == (
        exits.OK,
        ["kept:", "ops", "run.failed", "->", "mail", "to", "a@example.com,", "b@example.com"],
    )
    replaced = project.flow("notify", "add", "ops", "--on", "run.succeeded", "-w", "w", "--webhook-env", "HOOK")
    assert replaced.out.startswith("replaced: ops")
    (rule,) = project.flow("notify", "list", "--json").document["rules"]
    assert rule == {
        "name": "ops",
        "namespace": "default",
        "events": ["run.succeeded"],
        "workflow": "w",
        "to": "webhook in HOOK",
    }
    assert project.flow("notify", "remove", "ops").code == exits.OK
    again = project.flow("notify", "remove", "ops")
    assert (again.code, again.err) == (
        exits.USAGE,
        "error: there is no rule 'ops'; flow notify list shows those that there are\n",
    )


def test_the_rules_of_a_server_are_those_of_a_namespace(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [Reply(), Reply(500)]
    monkeypatch.setenv("FLOW_NOTIFY_PRIVATE", "1")
    with service(lambda seen: replies.pop(0)) as receiver, Server(project) as server:
        body = {"name": "team", "scopes": ["read", "admin"], "namespace": "team-a"}
        made = server.post("/tokens", body).json["secret"]
        monkeypatch.setenv("FLOW_URL", server.url)
        monkeypatch.setenv("FLOW_TOKEN", made)
        added = project.flow("notify", "add", "ops", "--on", "run.cancelled", "--webhook", f"{receiver.url}/hook")
        assert added.out.startswith("kept: ops"), added.err
        assert project.flow("notify", "add", "ops", "--webhook", f"{receiver.url}/hook").out.startswith("replaced: ops")
        (rule,) = project.flow("notify", "list", "--json").document["rules"]
        assert (rule["namespace"], rule["events"]) == ("team-a", ["run.failed"])
        assert (
            "variable of the notifier's environment" in project.flow("notify", "add", "x", "--webhook-env", "PATH").err
        )
        assert project.flow("notify", "test", "ops").out.startswith("sent: webhook at 127.0.0.1:")
        broken = project.flow("notify", "test", "ops")
        assert (broken.code, "answered 500" in broken.err) == (exits.FAILED, True)
        assert project.flow("notify", "failed", "--json").document == {"notices": []}
        assert project.flow("notify", "retry").out == "0 notices will be tried again\n"
        monkeypatch.setenv("FLOW_TOKEN", server.token)
        assert [one["namespace"] for one in server.get("/notify/rules").json["rules"]] == ["team-a"]
        assert project.flow("notify", "remove", "ops").code == exits.USAGE  # there is none of this name in `default`
        monkeypatch.setenv("FLOW_TOKEN", made)
        assert project.flow("notify", "remove", "ops").code == exits.OK
        gone = project.flow("notify", "remove", "ops")
        assert (gone.code, "there is no rule 'ops'" in gone.err) == (exits.USAGE, True)
    assert [seen.path for seen in receiver.seen] == ["/hook", "/hook"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ops"], "say where to"),
        (["ops", "--mail", "nobody"], "'nobody' is no mail address"),
        (
            ["ops", "--on", "run.fail", "--mail", "a@b.c"],
            "there is no event 'run.fail'; there are: run.succeeded, run.f",
        ),
        (["", "--mail", "a@b.c"], "a rule's name has 1 to 100 printable characters"),
    ],
)
def test_a_rule_that_can_be_none_is_refused(project: Project, arguments: list[str], told: str) -> None:
    ended = project.flow("notify", "add", *arguments)
    assert ended.code == exits.USAGE
    assert told in ended.err


def test_a_failed_run_is_told_by_the_notifier(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_PUBLIC_URL", "https://flow.example.com")
    project.write("bad.flow", BAD)
    replies = [Reply(500), Reply(404, b"no such channel"), Reply()]
    with service(lambda seen: replies.pop(0)) as server:
        monkeypatch.setenv("HOOK", server.url)
        project.flow("notify", "add", "chat", "--webhook-env", "HOOK")
        assert project.flow("run", "bad.flow").code == exits.FAILED
        monkeypatch.setenv("FLOW_NOTIFY_PRIVATE", "1")
        with project.running("notifier") as process:
            until(lambda: len(server.seen) == 2 and _failed(project) != [])
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=30)
            assert process.returncode == exits.OK
        assert "could not be told (rule chat), and is tried again: webhook in HOOK answered 500" in err
        assert "answered 404: no such channel; see: flow notify failed" in err
        assert project.flow("notify", "retry").out == "1 notice will be tried again\n"
        with project.running("notifier"):
            until(lambda: len(server.seen) == 3)
    found = [json.loads(seen.body) for seen in server.seen]
    assert found[0] == found[1] == found[2]
    assert (found[0]["event"], found[0]["code"], found[0]["task"]) == ("run.failed", "exit_3", "a")
    assert found[0]["url"] == f"https://flow.example.com/runs/{found[0]['run']}"


def test_a_server_tells_of_an_approval(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_NOTIFY_PRIVATE", "1")
    path = project.write("ask.flow", ASK)
    with service(lambda seen: Reply()) as receiver:
        project.flow("notify", "add", "chat", "--on", "approval.waiting", "--webhook", receiver.url)
        with Server(project) as server:
            server.call("POST", "/api/v1/runs", {"source": Path(path).read_text()})
            until(lambda: receiver.seen != [])
            url = server.url
    (seen,) = receiver.seen
    found = json.loads(seen.body)
    assert (found["question"], found["task"]) == ("Release it?", "ok")
    assert found["url"].startswith(f"{url}/runs/")


def test_a_test_is_sent_from_here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(lambda seen: Reply()) as server:
        project.flow("notify", "add", "chat", "--webhook", server.url)
        refused = project.flow("notify", "test", "chat")
        assert refused.code == exits.FAILED
        assert "no public address" in refused.err
        monkeypatch.setenv("FLOW_NOTIFY_PRIVATE", "1")
        assert project.flow("notify", "test", "chat").out.startswith("sent: webhook at 127.0.0.1:")
    assert len(server.seen) == 1


def _failed(project: Project) -> list[object]:
    found: list[object] = project.flow("notify", "failed", "--json").document["notices"]
    return found

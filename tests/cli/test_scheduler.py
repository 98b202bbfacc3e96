"""`flow scheduler`, `flow deploy`, `flow schedule`, `flow pool` as commands."""

import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest
from flow_cli import exits
from support.command import Project
from support.schedules import EVERY_MINUTE, deploy_since, fired, instants, whole
from support.waiting import until

PARTS = """flow 1
workflow part(n: int) { task t { shell "echo ~{n}" } }
workflow tick {
  schedule = cron("* * * * *")
  task t { shell "true" }
}
workflow etl(n: int) {
  call one = part(n = n)
  task end { after one
    shell "echo done" }
}
"""


def test_two_schedulers_of_one_state_fire_each_instant_once(project: Project) -> None:
    deploy_since(project, 3)
    with project.running("scheduler") as one, project.running("scheduler") as two:
        until(lambda: fired(project) >= 179)
        for process in (one, two):
            process.send_signal(signal.SIGTERM)
        told = [process.communicate(timeout=30)[1] for process in (one, two)]
        assert [process.returncode for process in (one, two)] == [exits.OK, exits.OK]
    found = instants(project)
    assert whole(found)
    mine = [sum(": run " in line and "another" not in line for line in text.splitlines()) for text in told]
    assert sum(mine) == len(found)


def test_a_scheduler_that_is_killed_leaves_no_instant_twice_or_out(project: Project) -> None:
    deploy_since(project, 10)
    counts = []
    for wanted in (5, 60, 200):
        with project.running("scheduler") as process:
            until(lambda wanted=wanted: fired(project) >= wanted)  # type: ignore[misc]
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        found = instants(project)
        counts.append(len(found))
        assert whole(found)
        with closing(project.store()) as store:
            record = store.schedule("tick")
        assert record.since == record.last_fired_at == found[-1].timestamp()
    assert counts[0] < 599  # it was killed in the middle
    with project.running("scheduler"):
        until(lambda: fired(project) >= 599)
    assert whole(instants(project))


def test_it_deploys_files_and_says_that_nobody_works(project: Project) -> None:
    project.write("tick.flow", EVERY_MINUTE)
    process = project.start("scheduler", "tick.flow")
    until(lambda: project.home.joinpath("flow.db").exists() and _deployed(project) == ["tick"])
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == exits.OK
    assert "flow scheduler: tick: * * * * * UTC, next " in err
    assert "nobody works on the runs now; start one of: flow worker, flow server" in err


def _deployed(project: Project) -> list[str]:
    with closing(project.store()) as store:
        return [record.id for record in store.schedules()]


def test_schedules_are_deployed_listed_paused_resumed_and_removed(project: Project) -> None:
    assert "flow deploy FILE" in project.flow("schedule", "list").err
    project.write("tick.flow", EVERY_MINUTE)
    assert project.flow("deploy", "tick.flow").err.startswith("deployed tick, version 1: * * * * * UTC, next ")
    assert "tick" in project.flow("schedule", "list").out
    assert project.flow("schedule", "pause", "tick").err == "tick is paused\n"
    assert project.flow("schedule", "pause", "tick").err == "tick was paused already\n"
    (listed,) = project.flow("schedule", "list", "--json").document["schedules"]
    assert (listed["schedule"], listed["catchup"], listed["next_at"]) == ("tick", "all", None)
    assert project.flow("schedule", "resume", "tick").err.startswith("resumed tick")
    assert project.flow("schedule", "remove", "tick").code == exits.OK
    ended = project.flow("schedule", "resume", "tick")
    assert ended.code == exits.USAGE
    assert "there is no schedule 'tick'" in ended.err


def test_workflows_are_deployed_with_and_without_a_schedule(project: Project) -> None:
    assert "flow deploy FILE" in project.flow("workflow", "list").err
    project.write("etl.flow", PARTS)
    said = project.flow("deploy", "etl.flow").err
    assert [line.split(":")[0] for line in said.splitlines()[:2]] == [
        "deployed tick, version 1",
        "deployed etl, version 1",
    ]
    assert "fires what has a schedule" in said
    project.write("etl.flow", PARTS.replace("etl(n: int)", "etl(n: int, spare: int = 1)"))
    assert project.flow("deploy", "etl.flow").err.count("nothing uses the parameter `spare`") == 1
    project.flow("workflow", "remove", "etl")
    project.flow("workflow", "remove", "tick")
    project.write("etl.flow", PARTS)
    project.flow("deploy", "etl.flow")
    project.write("etl.flow", PARTS.replace("echo done", "echo over"))
    assert project.flow("deploy", "etl.flow:etl").err == "deployed etl, version 2\n"
    listed = project.flow("workflow", "list", "--json").document["workflows"]
    assert [(one["workflow"], one["version"]) for one in listed] == [("etl", 2), ("tick", 1)]
    shown = project.flow("workflow", "show", "etl").out
    assert "etl, version 2" in shown
    assert "-p n: int" in shown
    assert "before: version 1" in shown
    assert "schedule: * * * * * UTC" in project.flow("workflow", "show", "tick").out
    assert project.flow("workflow", "remove", "tick").err == "removed tick; its runs stay\n"
    assert [line.split()[0] for line in project.flow("workflow", "list").out.splitlines()] == ["WORKFLOW", "etl"]
    assert "no schedules yet" in project.flow("schedule", "list").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("deploy", "tick.flow:nix"), "there is no workflow `nix`"),
        (("schedule", "next", "tick.flow:plain"), "plain has no schedule; give it one"),
        (("workflow", "show", "nix"), "no workflow 'nix' is deployed; `flow deploy FILE`"),
        (("deploy", "none.flow"), "there is no file none.flow"),
        (("scheduler", "tick.flow:nix"), "there is no workflow `nix`"),
        (("schedule", "backfill", "tick.flow:tick", "--from", "2026-01-01", "--to", "2026-01-02"), "flow deploy tick"),
        (("pool", "set", "", "3"), "no pool is called ''"),
    ],
)
def test_what_is_wrong_is_told(project: Project, arguments: tuple[str, ...], told: str) -> None:
    project.write("tick.flow", EVERY_MINUTE)
    ended = project.flow(*arguments)
    assert ended.code == exits.USAGE
    assert told in ended.err


def test_a_backfill_fills_a_day_once(project: Project) -> None:
    project.write("tick.flow", EVERY_MINUTE.replace("* * * * *", "0 */6 * * *"))
    project.flow("deploy", "tick.flow")
    span = ("--from", "2026-01-01", "--to", "2026-01-01")
    shown = project.flow("schedule", "backfill", "tick", *span, "--dry-run")
    assert [line[15:20] for line in shown.out.splitlines()] == ["00:00", "06:00", "12:00", "18:00"]
    assert project.runs() == []
    first = project.flow("schedule", "backfill", "tick", *span, "--json").document
    assert [run["created"] for run in first["runs"]] == [True] * 4
    again = project.flow("schedule", "backfill", "tick.flow:tick", *span)
    assert "0 new runs, 4 were there" in again.err
    assert len(project.runs()) == 4
    project.write("tick.flow", EVERY_MINUTE)
    edited = project.flow("schedule", "backfill", "tick.flow:tick", *span)
    assert (edited.code, "has changed since it was deployed" in edited.err) == (exits.USAGE, True)
    late = project.flow("schedule", "backfill", "tick", "--from", "2026-01-02", "--to", "2026-01-01")
    assert "--to 2026-01-01 is before --from 2026-01-02" in late.err


def test_files_of_two_states_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flow_cli.commands import scheduler as command
    from flow_cli.failure import CommandError

    monkeypatch.delenv("FLOW_HOME", raising=False)
    for name in ("one", "two"):
        (tmp_path / name / ".flow").mkdir(parents=True)
        (tmp_path / name / "tick.flow").write_text(EVERY_MINUTE)
    with pytest.raises(CommandError, match="a scheduler has one state"):
        command.scheduler([str(tmp_path / name / "tick.flow") for name in ("one", "two")])


def test_pools_are_made_and_listed(project: Project) -> None:
    assert "flow pool set NAME SLOTS" in project.flow("pool", "list").err
    assert project.flow("pool", "set", "api", "4").code == exits.OK
    assert project.flow("pool", "set", "api", "2").code == exits.OK
    assert project.flow("pool", "list", "--json").document == {"pools": [{"name": "api", "slots": 2}]}
    assert project.flow("pool", "list").out.split() == ["POOL", "SLOTS", "api", "2"]


def test_sigterm_in_a_long_catch_up_ends_it_at_once_and_the_next_start_goes_on(project: Project) -> None:
    deploy_since(project, 24 * 7)
    with project.running("scheduler") as process:
        until(lambda: fired(project) >= 5)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == exits.OK
        assert time.monotonic() - began < 3
    before = instants(project)
    assert len(before) < 600
    with project.running("scheduler"):  # nobody reads its lines, and a pipe takes some 800 of them
        until(lambda: fired(project) >= len(before) + 200)
    after = instants(project)
    assert after[: len(before)] == before
    assert whole(after)

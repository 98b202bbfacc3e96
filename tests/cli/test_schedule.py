"""`flow schedule next`."""

import json
from collections.abc import Callable

import pytest
from flow_cli import exits
from flow_cli.commands import schedule as command
from flow_cli.failure import CommandError
from flow_lang.plan import Plan, Schedule, Workflow
from flow_runtime.plans import Loaded
from support.command import Project

Of = Callable[[Schedule | None], None]


@pytest.fixture
def of(monkeypatch: pytest.MonkeyPatch) -> Of:
    """The command sees a workflow with this schedule."""

    def give(schedule: Schedule | None) -> None:
        plan = Plan("nightly", {"nightly": Workflow("nightly", (), (), schedule=schedule)}, "w.flow", {})
        monkeypatch.setattr(command, "load", lambda target, state: Loaded(plan, "", "", ".", [], {}))

    return give


def test_a_change_of_the_clock_is_seen(of: Of, capsys: pytest.CaptureFixture[str]) -> None:
    of(Schedule("30 2 * * *", "Europe/Berlin"))
    assert command.next_firings("w.flow", 2, "2026-03-28T12:00", as_json=False) == exits.OK
    assert capsys.readouterr().out.splitlines() == [
        "nightly: 30 2 * * * Europe/Berlin, overlap skip, catchup last",
        "Sun 2026-03-29 03:00 CEST   2026-03-29T01:00Z",
        "Mon 2026-03-30 02:30 CEST   2026-03-30T00:30Z",
    ]


def test_as_json(of: Of, capsys: pytest.CaptureFixture[str]) -> None:
    of(Schedule("0 9 * * 1", "America/New_York", catchup="all"))
    command.next_firings("w.flow", 1, "2026-11-24", as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["firings"] == [{"local": "2026-11-30T09:00:00-05:00", "utc": "2026-11-30T14:00Z"}]
    assert document["schedule"]["catchup"] == "all"


def test_the_start_is_in_the_schedules_zone_unless_it_says_another(of: Of, capsys: pytest.CaptureFixture[str]) -> None:
    of(Schedule("0 1 * * *", "Asia/Tokyo"))
    command.next_firings("w.flow", 1, "2026-01-01T00:30", as_json=False)
    command.next_firings("w.flow", 1, "2026-01-01T00:30Z", as_json=False)
    out = capsys.readouterr().out
    assert "2026-01-01 01:00 JST" in out
    assert "2026-01-02 01:00 JST" in out


@pytest.mark.parametrize(
    ("schedule", "after", "told"),
    [
        (None, None, "nightly has no schedule"),
        (Schedule("0 1 * * *"), "soon", "--after soon is no time"),
        (Schedule("0 1 * * *", "Mars/Base"), None, "no time zone 'Mars/Base'"),
    ],
)
def test_what_is_wrong_is_told(of: Of, schedule: Schedule | None, after: str | None, told: str) -> None:
    of(schedule)
    with pytest.raises(CommandError, match=told):
        command.next_firings("w.flow", 1, after, as_json=False)


def test_a_file_without_a_schedule_by_the_command(project: Project) -> None:
    project.write("t.flow", 'flow 1\nworkflow w { task t { shell "true" } }\n')
    ended = project.flow("schedule", "next", "t.flow")
    assert ended.code == exits.USAGE
    assert "w has no schedule; give it one" in ended.err

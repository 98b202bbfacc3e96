"""`schedule = cron(...)`."""

import pytest
from flow_lang.plan import Schedule
from lang.compiling import codes, planned


def scheduled(value: str, params: str = "") -> str:
    return f'flow 1\nworkflow w({params}) {{\nschedule = {value}\ntask t {{ shell "true" }}\n}}\n'


def test_a_whole_schedule() -> None:
    value = 'cron("30 2 * * MON-FRI", tz = "Europe/Berlin", overlap = queue, catchup = all, params = { day = fire.date, at = fire.time, n = 3 })'
    found = planned(scheduled(value, "day: date, at: datetime, n: int, note: str?, more: int = 1")).workflow.schedule
    params = (("day", ["ref", "fire.date"]), ("at", ["ref", "fire.time"]), ("n", ["lit", 3]))
    assert found == Schedule("30 2 * * MON-FRI", "Europe/Berlin", "queue", "all", params)


def test_what_is_not_said() -> None:
    assert planned(scheduled('cron("0 2 * * *")')).workflow.schedule == Schedule("0 2 * * *", "UTC", "skip", "last")


def test_params_may_be_made_of_the_instant() -> None:
    value = 'cron("0 2 * * *", params = { day = fire.date - 1d, label = "for ~{fire.date}" })'
    found = planned(scheduled(value, "day: date, label: str")).workflow.schedule
    assert found is not None
    assert dict(found.params)["label"] == ["interp", ["lit", "for "], ["ref", "fire.date"]]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ('"0 2 * * *"', "FLOW310"),
        ("cron()", "FLOW304"),
        ('cron("0 2 * *")', "FLOW321"),
        ('cron("0 2 * * * *")', "FLOW321"),
        ('cron("60 2 * * *")', "FLOW321"),
        ('cron("0 0 31 2 *")', "FLOW321"),
        ('cron("@hourly")', "FLOW321"),
        ('cron("0 2 * * *", tz = "Europe/Berln")', "FLOW321"),
        ('cron("0 2 * * *", tz = "CEST")', "FLOW321"),
        ('cron("0 2 * * *", tz = 2)', "FLOW301"),
        ('cron("0 2 * * *", overlap = wait)', "FLOW310"),
        ('cron("0 2 * * *", catchup = 3)', "FLOW310"),
        ('cron("0 2 * * *", zone = "UTC")', "FLOW211"),
        ('cron("0 2 * * *", params = 3)', "FLOW310"),
        ('cron("0 2 * * *", params = { dya = fire.date })', "FLOW208"),
        ("cron(line)", "FLOW310"),
        ('crno("0 2 * * *")', "FLOW310"),
        ("1h", "FLOW310"),
    ],
)
def test_a_wrong_schedule_is_told_once(value: str, code: str) -> None:
    assert codes(scheduled(value)) == [code]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ("", "FLOW209"),
        (", params = { }", "FLOW209"),
        (", params = { n = 1 }", "FLOW209"),
        (", params = { day = fire.time }", "FLOW301"),
        (", params = { day = fire.dat }", "FLOW206"),
        (", params = { day = fire }", "FLOW206"),
        (", params = { day = t }", "FLOW201"),
        (", params = { day = run.id }", "FLOW201"),
    ],
)
def test_each_parameter_without_a_default_is_given(params: str, code: str) -> None:
    assert codes(scheduled(f'cron("0 2 * * *"{params})', "day: date, n: int = 1")) == [code]


def test_fire_is_known_only_there() -> None:
    text = 'flow 1\nworkflow w { task t { shell "~{fire.date}" } }\n'
    assert codes(text) == ["FLOW201"]

"""The pages of schedules, without a scheduler."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from flow_runtime.state_folder import StateFolder
from starlette.testclient import TestClient
from support.pages import Browser
from support.tokens import bearer

from .conftest import TOKEN

EMPTY = 'flow 1\nworkflow none -> int {\n  schedule = cron("0 2 * * *")\n  return 1\n}\n'
SOURCE = """flow 1
workflow nightly(day: date) {
  schedule = cron("0 2 * * *", tz = "Europe/Berlin", params = { day = fire.date })
  task a { shell "echo ~{day}" }
}
"""


@pytest.fixture
def browser(client: TestClient) -> Browser:
    assert "No schedule is deployed" in Browser(client, TOKEN).get("/schedules").text
    answer = client.put("/api/v1/workflows/nightly", json={"source": SOURCE})
    assert answer.status_code == 200, answer.text
    return Browser(client, TOKEN)


def test_a_schedule_tells_its_next_firings_in_its_zone_and_in_utc(browser: Browser) -> None:
    assert 'href="/schedules/nightly"' in browser.get("/schedules").text
    page = browser.get("/schedules/nightly").text
    assert len(re.findall(r"02:00 CES?T", page)) == 5
    assert len(re.findall(r"0[01]:00 UTC", page)) == 5
    assert "It has not fired since it was deployed" in page
    browser.get("/schedules/other", 404)


def test_it_is_paused_resumed_and_removed(client: TestClient, browser: Browser) -> None:
    browser.post("/schedules/nightly/pause")
    assert "Paused since" in browser.get("/schedules/nightly").text
    assert "not until it is resumed" in browser.get("/schedules").text
    browser.post("/schedules/nightly/resume")
    assert client.get("/api/v1/schedules/nightly").json()["paused_at"] is None
    browser.post("/schedules/nightly/remove")
    assert client.get("/api/v1/schedules").json() == {"schedules": []}
    browser.post("/schedules/nightly/pause", status=404)


def test_a_backfill_says_what_would_run_and_then_begins_it(client: TestClient, browser: Browser) -> None:
    times = {"from": "2026-01-01T00:00", "to": "2026-01-03T02:00"}
    asked = browser.post("/schedules/nightly/backfill", times, 200).text
    assert "Run nightly for 3 instants?" in asked
    assert "2026-01-03 01:00 UTC" in asked
    assert client.get("/api/v1/runs").json()["runs"] == []
    told = browser.post("/schedules/nightly/backfill", {**times, "sure": "1"}, 200).text
    assert "3 runs begun" in told
    runs = client.get("/api/v1/runs").json()["runs"]
    assert sorted(run["params"]["day"] for run in runs) == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert "0 runs begun" in browser.post("/schedules/nightly/backfill", {**times, "sure": "1"}, 200).text
    nothing = {"from": "2026-01-01T03:00", "to": "2026-01-01T04:00"}
    assert "does not fire within that time" in browser.post("/schedules/nightly/backfill", nothing, 200).text
    for wrong, why in (
        ({"from": "2026-01-03", "to": "2026-01-01"}, "the end is before"),
        ({"from": "soon", "to": "2026-01-01"}, "is no time"),
        ({"from": "1026-01-01", "to": "2026-01-01"}, "more than 10,000"),
        ({}, "is no time"),
    ):
        page = browser.post("/schedules/nightly/backfill", wrong, 422).text
        assert why in page


def test_the_last_instants_are_shown_with_their_runs(
    client: TestClient, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.delete("/api/v1/schedules/nightly")
    with monkeypatch.context() as then:
        then.setattr(time, "time", lambda: 1767225600.0)  # 2026-01-01, when it is deployed
        client.put("/api/v1/workflows/nightly", json={"source": SOURCE})
    now = datetime.now(UTC)
    times = {"from": (now - timedelta(days=3)).isoformat(), "to": (now + timedelta(days=3)).isoformat(), "sure": "1"}
    assert "6 runs begun" in browser.post("/schedules/nightly/backfill", times, 200).text
    page = browser.get("/schedules/nightly").text
    assert len(re.findall(r'class="id" href="/runs/([^"]+)"', page)) == 3  # the instants of the others are not over
    assert page.count("no run") == 7


def test_a_schedule_of_a_namespace_has_a_page(client: TestClient, browser: Browser) -> None:
    headers = {"X-Flow-Namespace": "b"}
    answer = client.put("/api/v1/workflows/none", json={"source": EMPTY}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert 'href="/schedules/b~none"' in browser.get("/schedules").text
    assert "b/none" in browser.get("/schedules/b~none").text
    browser.post("/schedules/b~none/pause")
    assert client.get("/api/v1/schedules/none", headers=headers).json()["paused_at"] is not None


def test_whoever_may_only_read_sees_no_buttons_and_is_refused(
    client: TestClient, state: StateFolder, browser: Browser
) -> None:
    reader = Browser(client, bearer(state, "default", "read", "run")["Authorization"].removeprefix("Bearer "))
    page = reader.get("/schedules/nightly").text
    assert re.findall(r'<form[^>]*method="post" action="([^"]+)"', page) == ["/logout"]
    for action in ("pause", "resume", "remove", "backfill"):
        assert "needs the scope `operate`" in reader.post(f"/schedules/nightly/{action}", {}, 403).text


@pytest.mark.parametrize(("first", "last"), [("0001-01-01", "0001-01-02"), ("9999-12-30", "9999-12-31")])
def test_a_backfill_of_a_time_at_an_end_of_the_calendar_is_refused(
    client: TestClient, browser: Browser, first: str, last: str
) -> None:
    for sure in ({}, {"sure": "1"}):
        page = browser.post("/schedules/nightly/backfill", {"from": first, "to": last, **sure}, 422).text
        assert "a time must be in the years 2 to 9899" in page
    for zone in ("+14:00", "-14:00", "Z"):
        times = {"from": f"{first}T00:00:00{zone}", "to": f"{last}T23:59:59{zone}"}
        answer = client.post("/api/v1/schedules/nightly/backfill", json=times)
        assert (answer.status_code, "in the years" in answer.json()["detail"]) == (422, True)


def test_a_backfill_of_the_first_and_last_years_has_its_instants(client: TestClient) -> None:
    source = SOURCE.replace("0 2 * * *", "0 2 29 2 *")
    assert client.put("/api/v1/workflows/nightly", json={"source": source}).status_code == 200
    for times, count in (
        (("0002-01-01T00:00:00Z", "0010-01-01T00:00:00Z"), 2),
        (("9890-01-01T00:00:00Z", "9899-12-31T23:59:59Z"), 2),
    ):
        body = {**dict(zip(("from", "to"), times, strict=True)), "dry_run": True}
        answer = client.post("/api/v1/schedules/nightly/backfill", json=body)
        assert (answer.status_code, len(answer.json()["runs"])) == (200, count)

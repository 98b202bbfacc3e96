"""`flow test` as a user meets it."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.command import Project

RETRIES = """flow 1
workflow w(n: int = 2) -> int {
  schedule = cron("30 2 * * *", tz = "Europe/Berlin", params = { n = 1 })
  task a for x in range(n) -> int { shell "exit 3"; retry = retry(3, backoff = exponential(2s)) }
  task b -> int { in all_of: list[int] = a; python "return sum(all_of)"; delay = 1h }
  wait ok -> bool { approval = "?"; timeout = 2h; default = false }
  return b
}
test "retries, delays and time" {
  mock a = [attempts(fail("exit_1"), fail("exit_1"), 4), 5]
  run w(n = 2)
  assert run.status == "succeeded" and run.result == 9
  assert a.attempts == [3, 1] and a.delays == [[2s, 4s], []]
  assert run.duration == 2h and ok == false
}
test "the clock changes" {
  mock a = [1]
  mock ok = true
  run w(n = 1)
  assert fires(after = datetime("2026-03-28T03:00:00+01:00"), count = 2) == [
    datetime("2026-03-29T03:00:00+02:00"), datetime("2026-03-30T02:30:00+02:00")
  ]
}
test "it fails" {
  run w(n = 1)
  assert run.status == "failed" and a.attempts == [4] and b.status == "upstream_failed"
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "a project")


def test_mocks_virtual_time_and_firings(project: Project) -> None:
    project.write("w.flow", RETRIES)
    ended = project.flow("test", "w.flow")
    assert ended.code == 0, ended.out + ended.err
    assert "3 tests passed" in ended.out


def test_a_check_that_does_not_hold_shows_its_values(project: Project) -> None:
    project.write("w.flow", RETRIES.replace("run.result == 9", "run.result == 10"))
    ended = project.flow("test", "w.flow", "--json", "--junit", "report.xml", "-k", "delays")
    assert ended.code == 1
    (test,) = ended.document["tests"]
    assert test["failures"][0]["line"] == 12
    assert "run.result is 9" in test["failures"][0]["message"]
    suite = ElementTree.parse(project.folder / "report.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")


def test_nothing_is_sent_and_a_run_that_waits_for_ever_is_told(project: Project) -> None:
    project.write(
        "w.flow",
        """flow 1
workflow w {
  task ask -> json { http GET "https://example.invalid/" { }; timeout = 5s }
  wait ok -> bool { approval = "?" }
}
test "unmocked" { mock ok = true; run w(); assert run.status == "failed" }
test "stuck" { mock ask = {}; run w(); assert run.status == "succeeded" }
""",
    )
    ended = project.flow("test", "w.flow")
    assert ended.code == 1
    assert "the test has no mock of `ask`; nothing is sent in a test: mock ask = ..." in ended.out
    assert "the run waits for ever for `ok` (mock ok = ...)" in ended.out


def test_no_test_is_told(project: Project) -> None:
    project.write("w.flow", 'flow 1\nworkflow w { task t { shell "true" } }\n')
    ended = project.flow("test", "w.flow")
    assert ended.code == 2
    assert "there is no test" in ended.err

"""An `assert` about a value that is absent does not hold, whatever it says of it."""

from pathlib import Path

import pytest
from support.command import Project

WORKFLOW = """flow 1
type Report { n: int, note: str? }
workflow w(b: bool = false) -> Report? {
  task text when b -> str { shell "echo a" }
  task report when b -> Report { shell "echo ~{text}" }
  return report
}
"""


def _outcome(tmp_path: Path, condition: str, ready: str) -> str:
    project = Project(tmp_path)
    mocks = 'mock text = "x"\nmock report = { n = 1 }'
    project.write("main.flow", f'{WORKFLOW}test "t" {{\n{mocks}\nrun w(b = {ready})\nassert {condition}\n}}\n')
    done = project.flow("test", "main.flow")
    return done.out


@pytest.mark.parametrize(
    ("condition", "absent"),
    [
        ('not (text == "a")', "text"),
        ('text != "a"', "text"),
        ('lower(text) == "a"', "text"),
        ("report.n != 3", "report"),
        ("run.result.n != 3", "run.result"),
        ("-report.n < 0", "report"),
        ('"~{text}" != "a"', "text"),
    ],
)
def test_what_is_absent_makes_an_assert_fail(tmp_path: Path, condition: str, absent: str) -> None:
    assert f"{condition} has no value: `{absent}` is absent" in _outcome(tmp_path, condition, "false")


def test_a_field_that_is_absent_makes_an_assert_fail(tmp_path: Path) -> None:
    assert "`report.note` is absent" in _outcome(tmp_path, 'report.note != "d"', "true")


def test_who_asks_for_it_may_have_an_absent_value(tmp_path: Path) -> None:
    asked = 'text is not present and (report.note ?? "q") == "q" and (text is not present or text == "a")'
    assert "1 test passed" in _outcome(tmp_path, asked, "false")
    assert "1 test passed" in _outcome(tmp_path, 'text == "x" and report == { n = 1 } and run.result.n == 1', "true")

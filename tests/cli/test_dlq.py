"""`flow dlq`: dead letters listed, shown, replayed with other values, and dropped."""

import json
import time

import pytest
from support.command import Project

SOURCE = '''flow 1
workflow w(n: int, day: date) -> int {
  task double -> int { python QQQ
    if n < 0:
        raise ValueError("too small")
    return n * 2
  QQQ }
  task other -> int { shell """test -e "$FLOW_FOLDER/mended"; echo 1""" }
  task day_of -> int { shell "echo ~{day} >&2; echo ~{double}" }
  return double + other + day_of
}
'''.replace("QQQ", "'''")
LOOP = """flow 1
workflow each -> int {
  task items -> list[int] { python '''return [1, -2, 3]''' }
  task one for i in items -> int { shell "[ ~{i} -gt 0 ]; echo ~{i}" }
  return sum(one)
}
"""


@pytest.fixture
def failed(project: Project) -> Project:
    """A run of which two tasks have failed."""
    project.write("w.flow", SOURCE)
    assert project.flow("run", "w.flow", "-p", "n=-1", "-p", "day=2026-01-31").code == 1
    return project


def letter_of(project: Project, task: str) -> str:
    letters = project.flow("dlq", "list", "--json").document["letters"]
    (found,) = [letter["id"] for letter in letters if letter["task"]["key"] == task]
    return str(found)


def test_a_letter_is_listed_shown_replayed_with_another_value_and_told_everywhere(failed: Project) -> None:
    listed = failed.flow("dlq", "list")
    assert listed.out.splitlines()[0].split()[:3] == ["ID", "FAILED", "AT"]
    assert "w double: exception" in listed.out
    assert "w other: exit_1" in listed.out
    double = letter_of(failed, "double")
    shown = failed.flow("dlq", "show", double)
    assert "state     open" in shown.out
    assert "too small" in shown.out

    replayed = failed.flow("dlq", "replay", double, "--set", "n=21")
    assert replayed.code == 1, replayed  # `other` has failed, and is not tried again
    assert "trying 2 tasks again" in replayed.err
    status = failed.flow("status", "--json").document
    tasks = {task["key"]: task for task in status["tasks"]}
    assert (tasks["double"]["state"], tasks["double"]["result"], tasks["double"]["attempt"]) == ("succeeded", 42, 2)
    assert tasks["double"]["override"] == {"n": 21}
    assert (tasks["day_of"]["result"], tasks["other"]["state"], tasks["other"]["attempt"]) == (42, "failed", 1)
    assert status["params"]["n"] == -1
    assert "with n = 21" in failed.flow("status").out
    (run,) = failed.runs()
    assert "a replay of its dead letter has set n = 21" in failed.flow("why", run, "double").out
    assert "state     replayed" in failed.flow("dlq", "show", double).out

    again = failed.flow("dlq", "replay", double)
    assert again.code == 2
    assert "was replayed at" in again.err
    assert "attempt 2" in again.err
    failed.write("mended", "")
    last = failed.flow("dlq", "replay", letter_of(failed, "other"), "--json")
    assert (last.code, last.document["result"]) == (0, 85)
    assert failed.flow("dlq", "list").err == "no open dead letters\n"
    states = [one["state"] for one in failed.flow("dlq", "list", "--state", "all", "--json").document["letters"]]
    assert states == ["replayed", "replayed"]


def test_a_value_that_the_task_cannot_be_given_is_refused_before_anything_is_done(failed: Project) -> None:
    double = letter_of(failed, "double")
    for value, told in (
        ("m=1", "does not read `m`; it reads: n"),
        ("day=2026-01-01", "does not read `day`"),
        ("n=x", "must be `int`"),
        ("n", "wants name=value"),
    ):
        ended = failed.flow("dlq", "replay", double, "--set", value)
        assert ended.code == 2, ended
        assert told in ended.err
    assert "state     open" in failed.flow("dlq", "show", double).out


def test_a_dropped_letter_is_neither_listed_nor_replayed(failed: Project) -> None:
    double = letter_of(failed, "double")
    assert failed.flow("dlq", "drop", double).code == 0
    assert failed.flow("dlq", "drop", double).code == 2
    ended = failed.flow("dlq", "replay", double)
    assert ended.code == 2
    assert "was dropped at" in ended.err
    listed = failed.flow("dlq", "list", "--json", "-n", "1").document
    assert [letter["task"]["key"] for letter in listed["letters"]] == ["other"]
    page = failed.flow("dlq", "list", "--json", "--before", str(listed["next"])).document
    assert page == {"letters": [], "next": None}


def test_two_processes_that_replay_a_letter_at_once_make_one_attempt(failed: Project) -> None:
    double = letter_of(failed, "double")
    both = [failed.start("dlq", "replay", double, "--set", f"n={n}") for n in (3, 4)]
    ended = [(process.communicate(timeout=60), process.returncode) for process in both]
    assert sorted(code for _, code in ended) == [1, 2], ended  # the one that won ends as the run does
    (loser,) = [err for (_, err), code in ended if code == 2]
    assert "was replayed at" in loser or "has not ended" in loser
    task = failed.flow("status", "--json").document["tasks"][0]
    assert (task["attempt"], task["result"]) in ((2, 6), (2, 8))


def test_all_letters_of_a_workflow_are_replayed(project: Project) -> None:
    project.write("each.flow", LOOP)
    project.write("w.flow", SOURCE)
    for _ in range(2):
        assert project.flow("run", "each.flow").code == 1
    assert project.flow("run", "w.flow", "-p", "n=-1", "-p", "day=2026-01-31").code == 1
    assert project.flow("dlq", "replay", "--all").code == 2
    later = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 3600))
    none = project.flow("dlq", "replay", "--all", "--since", later, "--json")
    assert (none.code, none.document) == (0, {"runs": []})
    ended = project.flow("dlq", "replay", "--all", "--workflow", "each", "--since", "1h", "--set", "i=2", "--json")
    assert ended.code == 0, ended
    assert [run["state"] for run in ended.document["runs"]] == ["succeeded", "succeeded"]
    runs = project.flow("list", "--workflow", "each", "--json").document["runs"]
    assert [run["result"] for run in runs] == [6, 6]
    assert json.loads(project.flow("dlq", "list", "--json").out)["letters"][0]["workflow"] == "w"


def test_a_letter_whose_run_is_gone_is_told_so(failed: Project) -> None:
    double = letter_of(failed, "double")
    gone = failed.flow("dlq", "replay", double.replace(double[:5], "00000"))
    assert gone.code == 2
    assert "its run is not in the state" in gone.err
    assert "flow gc" in gone.err
    assert failed.flow("dlq", "show", "nonsense").code == 2

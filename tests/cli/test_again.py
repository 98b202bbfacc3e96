"""Trying again: `flow retry`, `flow diff`, `flow why`, and the cache."""

import re
from pathlib import Path

import pytest
from support.command import Project
from support.waiting import until

STEPS = '''flow 1
workflow r(n: int = 3) -> list[int] {
  task prep -> int { shell """echo prep >> "$FLOW_FOLDER/log"; echo ~{n}""" }
  task each for x in range(prep) -> int {
    shell """
      echo each~{x} >> "$FLOW_FOLDER/log"
      if [ ~{x} = 1 ] && [ ! -e "$FLOW_FOLDER/okay" ]; then exit 4; fi
      echo ~{x}
    """
  }
  task tens for e in each -> int { shell """echo tens~{e} >> "$FLOW_FOLDER/log"; echo $((~{e} * 10))""" }
  finally { task bye { shell """echo bye >> "$FLOW_FOLDER/log" """ } }
  return tens
}
'''


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "a project")


def ran(project: Project) -> list[str]:
    log = project.folder / "log"
    lines = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return sorted(lines)


def test_only_what_failed_and_what_uses_it_runs_again(project: Project) -> None:
    project.write("r.flow", STEPS)
    assert project.flow("run", "r.flow", "--json").code == 1
    assert ran(project) == ["bye", "each0", "each1", "each2", "prep", "tens0", "tens2"]
    project.write("okay", "")
    again = project.flow("retry", "--json")
    assert (again.code, again.document["result"]) == (0, [0, 10, 20])
    assert ran(project) == ["bye", "each1", "tens1"]
    attempts = {task["key"]: task["attempt"] for task in again.document["tasks"]}
    assert (attempts["each[0]"], attempts["each[1]"], attempts["tens[1]"]) == (1, 2, 1)
    assert "has succeeded" in project.flow("retry").err


def test_what_was_undone_is_done_again_and_so_is_what_uses_it(project: Project) -> None:
    done = "echo ~{n}" + '"' * 3
    assert f"{done} }}" in STEPS
    project.write("r.flow", STEPS.replace(f"{done} }}", done + '; undo { shell "true" } }'))
    assert project.flow("run", "r.flow").code == 1
    ran(project)
    project.write("okay", "")
    assert project.flow("retry", "--json").document["result"] == [0, 10, 20]
    assert ran(project) == ["bye", "each0", "each1", "each2", "prep", "tens0", "tens1", "tens2"]
    tasks = project.flow("status", "--json").document["tasks"]
    assert [task["key"] for task in tasks if task["key"].startswith("each[")] == ["each[0]", "each[1]", "each[2]"]


def test_a_retry_that_fails_can_be_tried_again(project: Project) -> None:
    project.write("r.flow", STEPS)
    project.flow("run", "r.flow")
    assert project.flow("retry").code == 1
    assert project.flow("retry").code == 1
    project.write("okay", "")
    again = project.flow("retry", "--json").document
    assert again["state"] == "succeeded"
    assert {task["key"]: task["attempt"] for task in again["tasks"]}["each[1]"] == 4


def test_an_edited_file_takes_over_what_still_holds(project: Project) -> None:
    project.write("r.flow", STEPS)
    run = project.flow("run", "r.flow", "--json").document["run"]
    ran(project)
    project.write("okay", "")
    project.write("edited.flow", STEPS.replace("* 10", "* 100"))
    compared = project.flow("diff", run, "edited.flow")
    assert compared.code == 1
    assert "prep                     taken over" in compared.out
    assert "1 of its 3 instances run again" in compared.out
    assert "its code changed" in compared.out
    again = project.flow("retry", run, "--with", "edited.flow", "--json").document
    assert again["result"] == [0, 100, 200]
    assert again["run"] != run
    assert ran(project) == ["bye", "each1", "tens0", "tens1", "tens2"]


def test_another_parameter_runs_again_what_reads_it(project: Project) -> None:
    project.write("r.flow", STEPS)
    project.write("okay", "")
    run = project.flow("run", "r.flow", "--json").document["run"]
    ran(project)
    assert project.flow("retry", run, "--with", "r.flow", "--json").document["result"] == [0, 10, 20]
    assert ran(project) == ["bye"]
    more = project.flow("retry", run, "--with", "r.flow", "-p", "n=1", "--json").document
    assert more["result"] == [0]
    assert ran(project) == ["bye", "each0", "prep", "tens0"]


def test_a_run_that_goes_on_is_not_retried(project: Project) -> None:
    project.write("w.flow", 'flow 1\nworkflow w { wait ok -> bool { approval = "?" } }\n')
    running = project.start("run", "w.flow")
    while not project.flow("list", "--json").document["runs"]:
        pass
    refused = project.flow("retry")
    assert refused.code == 2
    assert "has not ended" in refused.err
    running.terminate()
    running.communicate(timeout=60)


CACHED = '''flow 1
workflow c(n: int = 2, src: file = file("data.txt")) -> int {
  task a for x in range(n) -> int {
    in f: file = src
    shell """echo a~{x} >> "$FLOW_FOLDER/log"; wc -c < ~{f}"""
    cache = true
  }
  task b -> int { shell """echo b >> "$FLOW_FOLDER/log"; echo ~{sum(a)}"""; cache = key(n, ttl = 1h) }
  return b
}
'''


def test_the_cache_goes_by_code_and_content_and_why_names_what_changed(project: Project) -> None:
    project.write("c.flow", CACHED)
    project.write("data.txt", "abc")
    first = project.flow("run", "c.flow", "--json").document
    assert (first["result"], ran(project)) == (6, ["a0", "a1", "b"])
    second = project.flow("run", "c.flow", "--json").document
    assert (second["result"], ran(project)) == (6, [])
    hit = next(task for task in second["tasks"] if task["key"] == "b")
    assert hit["cached_from"] == first["run"]
    assert f"that of run {first['run']}" in project.flow("why", second["run"], "b").out
    project.write("data.txt", "abcd")
    third = project.flow("run", "c.flow", "--json").document
    assert (third["result"], ran(project)) == (6, ["a0", "a1"])
    told = project.flow("why", third["run"], "a[0]").out
    assert f"since run {first['run']}, `src`, `f` changed" in told
    project.write("c.flow", CACHED.replace("wc -c", "wc -m"))
    fourth = project.flow("run", "c.flow", "--json").document
    assert ran(project) == ["a0", "a1"]
    assert "its code changed" in project.flow("why", fourth["run"], "a[1]").out


def test_why_names_the_component_of_a_cache_key_that_changed(project: Project) -> None:
    project.write("lib.py", "def twice(n: int) -> int:\n    return 2 * n\n")
    project.write(
        "k.flow",
        """flow 1
from python "lib.py" import twice
workflow k(day: str, n: int = 2, unit: str = "kg", parts: list[int] = [1, 2, 3]) -> str {
  task keyed -> str { shell "echo ~{day} ~{unit}"; cache = key(day, n * 2) }
  task called { call twice(n); cache = true }
  task each_ for part in parts -> str { shell "echo ~{part} ~{unit}"; cache = true }
  return "~{keyed} ~{called} ~{join(each_)}"
}
""",
    )

    def why(task: str, *arguments: str) -> str:
        run = project.flow("run", "k.flow", "--json", *arguments).document["run"]
        return project.flow("why", run, task).out

    first = project.flow("run", "k.flow", "--json", "-p", "day=mon").document["run"]
    assert f"since run {first}, `day` changed\n" in why("keyed", "-p", "day=tue")
    assert "part 2 of its key, made of `n`, changed\n" in why("keyed", "-p", "day=tue", "-p", "n=3")
    told = why("each_", "-p", "day=tue", "-p", "parts=[1, 9, 8]")
    assert "all of its 3 instances have ended: 1 were answered from the cache, 2 ran\n" in told
    assert re.search(r"^  2 ran: since run \w+, `part` changed$", told, re.MULTILINE)
    assert "with the same code and the same key\n" in why("keyed", "-p", "day=tue", "-p", "unit=t")
    assert "with the same code and the same inputs\n" in why("called", "-p", "day=tue")
    project.write("lib.py", "def twice(n: int) -> int:\n    return n * 2\n")
    assert "its code (lib.py) changed\n" in why("called", "-p", "day=tue", "-p", "n=3")


def test_why_tells_of_what_is_under_way(project: Project) -> None:
    project.write(
        "w.flow",
        '''flow 1
workflow w {
  task hold for n in range(3) { shell """touch "$FLOW_FOLDER/began"; until [ -e "$FLOW_FOLDER/go" ]; do sleep 0.02; done""" }
}
''',
    )
    with project.running("run", "w.flow", "-q", "--slots", "1") as engine:
        until(lambda: (project.folder / "began").exists(), what="the first instance")
        run = project.runs()[0]
        assert re.search(r"^hold\[0\] (claimed|running): it runs since \d{4}-", project.flow("why", run, "hold[0]").out)
        assert "0 of its 3 instances have ended; " in project.flow("why", run, "hold").out
        (project.folder / "go").touch()
        assert engine.wait(timeout=60) == 0


def test_a_run_that_is_tried_again_counts_right_and_says_that_its_file_was_edited(project: Project) -> None:
    text = """flow 1
workflow w -> int {
  task part for n in range(4) -> int { shell "[ ~{n} != 2 ] && echo ~{n}"; retry = 1 }
  task soft for n in range(3) -> int { shell "[ ~{n} != 1 ] && echo ~{n}"; optional = true }
  task after_soft for s in soft -> int { shell "echo ~{s}" }
  task total -> int { python 'return sum(part) + sum(after_soft)' }
  return total
}
""".replace("'", '"')
    project.write("w.flow", text)
    first = project.flow("run", "w.flow")
    for told in (first.err, project.flow("retry").err):
        assert re.search(r"^  part +failed +3 of 4  1 failed  ", told, re.MULTILINE)
        assert re.search(r"^  soft +succeeded +2 of 3  1 failed", told, re.MULTILINE)
        assert re.search(r"^  after_soft +succeeded +2 of 3  1 skipped", told, re.MULTILINE)
        assert "edited" not in told
    run = project.runs()[0]
    assert "it failed at attempt 4: exit_1" in project.flow("why", run, "part[2]").out
    project.write("w.flow", text.replace("[ ~{n} != 2 ]", "[ ~{n} != 5 ]"))
    told = project.flow("retry").err
    assert "w.flow was edited since, and this run goes on with the text that it began with; " in told
    assert f"flow retry {run} --with {project.folder / 'w.flow'}\n" in told
    assert project.flow("retry", run, "--with", "w.flow", "-q").out == "8\n"


def test_why_tells_of_what_failed_was_skipped_and_did_not_start(project: Project) -> None:
    project.write(
        "w.flow",
        """flow 1
workflow w(no: bool = false) {
  task bad -> int { shell "exit 3"; retry = retry(1, on = [timeout]) }
  task next_ -> int { shell "echo ~{bad}" }
  task never -> str when no { shell "true" }
  task after_never -> str { shell "echo ~{never}" }
}
""",
    )
    run = project.flow("run", "w.flow", "--json").document["run"]
    assert "exit_3" in project.flow("why", run, "bad").out
    assert "`retry` is for timeout only" in project.flow("why", run, "bad").out
    assert "it did not start: bad failed" in project.flow("why", run, "next_").out
    assert "its `when` was false" in project.flow("why", run, "never").out
    assert "it needs never, which gave nothing" in project.flow("why", run, "after_never").out
    unknown = project.flow("why", run, "nobody")
    assert unknown.code == 2
    assert "it has: bad" in unknown.err


IMPORTED = """flow 1
workflow check(x: int) -> int {
  task t -> int { shell 'test -e "$FLOW_FOLDER/ok"; echo 3' }
  return t
}
"""


def test_a_child_run_of_an_imported_file_is_listed_shown_and_tried_again_with_its_parent(project: Project) -> None:
    project.write("lib/quality.flow", IMPORTED.replace("shell '", "shell '''").replace("3' }", "3''' }"))
    project.write(
        "w.flow", 'flow 1\nimport "lib/quality.flow"\nworkflow w -> int { call c = quality.check(x = 3); return c }\n'
    )
    assert project.flow("run", "w.flow", "-q").code == 1
    (child,) = project.flow("list", "--workflow", "check", "--json").document["runs"]
    assert child["workflow"] == "lib/quality.flow:check"
    lines = project.flow("list").out.splitlines()
    assert len({line.index(word) for line, word in zip(lines, ["STATE", "failed", "failed"], strict=True)}) == 1
    shown = project.flow("status", child["run"]).out
    assert f"{project.folder}/lib/quality.flow:3" in shown
    assert 'test -e "$FLOW_FOLDER/ok"' in shown
    refused = project.flow("retry", child["run"])
    assert refused.code == 2
    assert f"flow retry {child['parent']}" in refused.err
    project.write("lib/ok", "")
    assert project.flow("retry", child["parent"], "-q").out == "3\n"


HANDLED = """flow 1
workflow w {
  task a -> str { shell '''echo made >> "$FLOW_FOLDER/log"; echo r'''; undo { shell '''echo undone >> "$FLOW_FOLDER/log"''' } }
  task b { after [a]; shell "exit 1" }
  on failure { task tell { shell '''echo told >> "$FLOW_FOLDER/log"''' } }
  finally { task tidy { shell '''echo tidied >> "$FLOW_FOLDER/log"; exit 2''' } }
}
"""


def test_what_was_undone_is_not_taken_over_by_an_edited_file(project: Project) -> None:
    project.write("w.flow", HANDLED)
    assert project.flow("run", "w.flow", "-q").code == 1
    assert ran(project) == ["made", "tidied", "told", "undone"]
    project.write("w.flow", HANDLED.replace("exit 1", "true").replace("exit 2", "true"))
    assert "it was undone" in project.flow("diff", project.runs()[0], "w.flow").out
    assert project.flow("retry", "--with", "w.flow", "-q").code == 0
    assert ran(project) == ["made", "tidied"]


def test_a_finally_that_failed_is_done_again_alone(project: Project) -> None:
    project.write("w.flow", HANDLED.replace("exit 1", "true").replace("exit 2", 'test -e "$FLOW_FOLDER/room"'))
    assert project.flow("run", "w.flow", "-q").code == 1
    assert ran(project) == ["made", "tidied"]
    assert project.flow("retry", "-q").code == 1
    project.write("room", "")
    assert project.flow("retry", "-q").code == 0
    assert ran(project) == ["tidied", "tidied"]


def test_an_edited_finally_runs_alone(project: Project) -> None:
    project.write("w.flow", HANDLED.replace("exit 1", "true"))
    assert project.flow("run", "w.flow", "-q").code == 1
    assert ran(project) == ["made", "tidied"]
    project.write("w.flow", HANDLED.replace("exit 1", "true").replace("exit 2", "true"))
    assert project.flow("retry", "--with", "w.flow", "-q").code == 0
    assert ran(project) == ["tidied"]


def test_a_retry_is_not_taken_away_by_a_worker_of_the_same_state(project: Project) -> None:
    """A worker looks twenty times a second, and the command needs longer than that to begin."""
    project.write("w.flow", HANDLED.replace("exit 2", "true"))
    with project.running("worker"):
        assert project.flow("run", "w.flow", "-q").code == 1
        for _ in range(3):
            again = project.flow("retry", "-q")
            assert (again.code, "being worked on" in again.err) == (1, False)
        edited = HANDLED.replace("exit 1", "true").replace("exit 2", "true")
        project.write("w.flow", edited)
        done = project.flow("retry", "--with", "w.flow", "-q")
        assert (done.code, "being worked on" in done.err) == (0, False)

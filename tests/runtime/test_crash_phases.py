"""kill -9 of the engine in each part of a run: what was accepted is finished by the next process, and nothing is done twice that must not be."""

import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.command import Project
from support.waiting import until

HEAD = "flow 1\n"
DO = """echo {name} $FLOW_ATTEMPT >> "$FLOW_FOLDER/effects" """
HANG = DO + """; [ $FLOW_ATTEMPT != 1 ] || sleep 300"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "a project")


def effects(project: Project) -> list[str]:
    path = project.folder / "effects"
    return path.read_text().splitlines() if path.exists() else []


def shell(script: str, **names: str) -> str:
    return f"shell '''{script.format(**names)}'''"


def killed_at(project: Project, source: str, effect: str) -> str:
    """The id of a run whose engine was killed when this had happened."""
    project.write("w.flow", HEAD + source)
    with project.running("run", "w.flow", "-q") as engine:
        until(lambda: effect in effects(project), what=effect)
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    until(lambda: project.processes() == [], seconds=10, what="the end of all processes")
    return project.runs()[-1]  # the first one: child runs come later


def resumed(project: Project, run: str) -> dict[str, Any]:
    project.flow("run", "--resume", run, "-q")
    document: dict[str, Any] = project.flow("status", run, "--json").document
    return document


def tasks(document: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {task["key"]: (task["state"], task["attempt"]) for task in document["tasks"]}


def waits(project: Project) -> list[str | None]:
    """What the tasks of the one run wait for, and until when, in the order of the file."""
    if not project.runs():
        return []
    with closing(project.store()) as store:
        return [row.awaits for row in store.tasks(project.runs()[0]) if row.state == "waiting"]


def test_during_an_undo(project: Project) -> None:
    source = f"""workflow w {{
  task a {{ {shell(DO, name="a")}; undo {{ {shell(DO, name="undo_a")} }} }}
  task b {{ after [a]; {shell(DO, name="b")}; undo {{ {shell(HANG, name="undo_b")} }} }}
  task bad {{ after [b]; {shell(DO + "; exit 1", name="bad")} }}
  on failure {{ task tell {{ {shell(DO, name="tell")} }} }}
  finally {{ task tidy {{ {shell(DO, name="tidy")} }} }}
}}
"""
    document = resumed(project, killed_at(project, source, "undo_b 1"))
    assert document["state"] == "failed"
    assert effects(project) == ["a 1", "b 1", "bad 1", "undo_b 1", "undo_b 2", "undo_a 1", "tell 1", "tidy 1"]
    assert tasks(document)["b.undo"] == ("succeeded", 2)


def test_during_finally(project: Project) -> None:
    source = f"""workflow w -> int {{
  task a -> int {{ {shell(DO + "; echo 7", name="a")}; undo {{ {shell(DO, name="undo_a")} }} }}
  finally {{
    task tidy {{ {shell(HANG, name="tidy")} }}
    task last {{ after [tidy]; {shell(DO, name="last")} }}
  }}
  return a
}}
"""
    document = resumed(project, killed_at(project, source, "tidy 1"))
    assert (document["state"], document["result"]) == ("succeeded", 7)
    assert effects(project) == ["a 1", "tidy 1", "tidy 2", "last 1"]


def test_in_a_body_that_may_start_only_once(project: Project) -> None:
    source = f"""workflow w {{
  task pay {{ {shell(HANG, name="pay")}; at_most_once = true }}
  task thank {{ after [pay]; {shell(DO, name="thank")} }}
  finally {{ task tidy {{ {shell(DO, name="tidy")} }} }}
}}
"""
    document = resumed(project, killed_at(project, source, "pay 1"))
    assert document["state"] == "failed"
    assert effects(project) == ["pay 1", "tidy 1"]
    assert tasks(document)["pay"] == ("failed", 1)
    assert document["tasks"][0]["error"]["code"] == "worker_lost"


def test_during_waits(project: Project) -> None:
    """The signal comes while nobody works on the run, and the time of a timer goes on."""
    source = f"""workflow w -> int {{
  task a {{ {shell(DO, name="a")} }}
  wait paid -> int {{ after [a]; event = "paid" }}
  wait release -> bool {{ after [a]; approval = "Go?"; timeout = 1h }}
  wait pause {{ after [a]; duration = 4s }}
  task b {{ after [pause]; {shell(HANG, name="b")} }}
  return paid
}}
"""
    project.write("w.flow", HEAD + source)
    with project.running("run", "w.flow", "-q") as engine:
        until(lambda: len(waits(project)) == 3, what="three waits")
        before = waits(project)
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    (run,) = project.runs()
    assert waits(project) == before
    with project.running("run", "--resume", run, "-q") as engine:
        until(lambda: "b 1" in effects(project), what="the task after the pause")
        assert waits(project) == before[:2]
        engine.send_signal(signal.SIGKILL)
        engine.wait()
    assert project.flow("signal", run, "paid", "12").code == 0
    assert project.flow("approve", run, "release").code == 0
    document = resumed(project, run)
    assert (document["state"], document["result"]) == ("succeeded", 12)
    assert effects(project) == ["a 1", "b 1", "b 2"]
    assert {key: attempt for key, (_, attempt) in tasks(document).items()} == {
        "a": 1,
        "paid": 1,
        "release": 1,
        "pause": 1,
        "b": 2,
    }


@pytest.mark.parametrize("by", ["resume", "worker"])
def test_with_a_child_run_under_way(project: Project, by: str) -> None:
    source = f"""workflow inner(n: int) -> int {{
  task first -> int {{ {shell(DO + "; echo 20", name="first")} }}
  task second -> int {{ in x: int = first + n; shell \"\"\"{HANG.format(name="second")}; echo ~{{x}}\"\"\" }}
  return second
}}
workflow w -> int {{
  call c = inner(n = 1)
  task after_ {{ after [c]; {shell(DO, name="after")} }}
  return c
}}
"""
    run = killed_at(project, source, "second 1")
    assert len(project.runs()) == 2
    if by == "resume":
        document = resumed(project, run)
    else:
        with project.running("worker"):
            until(lambda: project.flow("status", run, "--json").document["finished_at"], what="the end of the run")
        document = project.flow("status", run, "--json").document
    assert (document["state"], document["result"]) == ("succeeded", 21)
    assert effects(project) == ["first 1", "second 1", "second 2", "after 1"]
    assert len(project.runs()) == 2
    assert tasks(document)["c"] == ("succeeded", 1)

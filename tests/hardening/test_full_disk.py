"""A state folder whose disk is full: told with the folder and the remedy, and nothing that was accepted is lost."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.stores.sqlite import SqliteStore
from support.command import Ended, Project
from support.disks import Disk, project_on, small_disk
from support.waiting import until

MANY = """flow 1
workflow w(effects: str, gate: str) -> int {
  task first for n in range(30) -> int { shell "echo first ~{n} >> ~{effects}; echo ~{n}" }
  task hold -> int { after [first]; shell "echo hold >> ~{effects}; while [ ! -e ~{gate} ]; do sleep 0.05; done; echo 1" }
  task second for n in range(400) -> int {
    after [hold]
    python '''
      with open(effects, "a") as stream:
          stream.write(f"second {n}\\n")
      return n
    '''
  }
  return sum(second) + sum(first)
}
"""
RESULT = sum(range(30)) + sum(range(400))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "small", "3m") as made:
        yield made


def effects_of(project: Project) -> Counter[str]:
    return Counter((project.folder / "effects").read_text().splitlines())


def accepted(disk: Disk, project: Project, folder: Path) -> Counter[tuple[int, int, int]]:
    """Completions that were accepted, by run, task and attempt; the state is looked at outside of its disk."""
    for name in ("flow.db", "flow.db-wal"):
        source = disk.inside(project.home / name)
        if source.exists():
            (folder / name).write_bytes(source.read_bytes())
    with closing(SqliteStore(str(folder / "flow.db"))) as store:
        rows = store._connection.execute(
            "SELECT run, seq FROM attempt WHERE state = 'succeeded' "
            "UNION ALL SELECT run, seq FROM task WHERE state = 'succeeded' AND worker IS NOT NULL"
        ).fetchall()
        return Counter((run, seq, 0) for run, seq in rows)


def project_runs(disk: Disk, project: Project) -> list[str]:
    """Newest first."""
    listed = project.flow("list", "--json").document["runs"]
    return [record["run"] for record in listed]


def tells_of_the_disk(ended: Ended, folder: Path) -> bool:
    message = ended.document["error"]["message"]
    return str(folder) in message and "space" in message and "Traceback" not in ended.err


def test_a_disk_that_fills_in_the_middle_of_a_run_loses_nothing(disk: Disk, project: Project, tmp_path: Path) -> None:
    project = project_on(disk, project)
    project.write("w.flow", MANY)
    gate = project.folder / "gate"
    arguments = ("-p", f"effects={project.folder / 'effects'}", "-p", f"gate={gate}")
    with project.start("run", "w.flow", "--json", *arguments) as running:
        effects = project.folder / "effects"
        until(lambda: effects.exists() and "hold" in effects.read_text(), what="the first tasks")
        disk.fill()
        gate.touch()
        out, err = running.communicate(timeout=60)
    ended = Ended(running.returncode, out, err)
    assert ended.code == 3, ended
    assert tells_of_the_disk(ended, project.home), ended
    assert "flow run --resume" in ended.document["error"]["message"]
    run = ended.document["error"]["message"].rpartition("flow run --resume ")[2].split()[0]
    assert project.processes() == []

    refused = project.flow("run", "--resume", run, "--json")
    assert refused.code == 3
    assert tells_of_the_disk(refused, project.home), refused

    disk.free()
    done = project.flow("run", "--resume", run, "--json")
    assert (done.code, done.document["result"]) == (0, RESULT), done
    counts = accepted(disk, project, tmp_path)
    assert max(counts.values()) == 1, "a task has two accepted completions"
    assert len(counts) >= 431
    effects_seen = effects_of(project)
    del effects_seen["hold"]
    assert all(effects_seen[f"first {n}"] == 1 for n in range(30)), "what was durable ran again"
    assert set(effects_seen) == {f"first {n}" for n in range(30)} | {f"second {n}" for n in range(400)}


def test_a_run_is_refused_before_it_begins(disk: Disk, project: Project) -> None:
    project = project_on(disk, project)
    project.write("w.flow", 'flow 1\nworkflow w { task t { shell "true" } }\n')
    disk.fill()
    ended = project.flow("run", "w.flow", "--json")
    assert ended.code == 3
    assert tells_of_the_disk(ended, project.home), ended
    disk.free()
    assert project.flow("run", "w.flow", "--json").code == 0


SIZE = 1_200_000
"""Bytes: more than is left, and less than there is when space has been freed."""
BODIES = {
    "a log of Python": f"task t {{ python '''print('y' * {SIZE})''' }}",
    "a log of a process in Python": f"""task t {{
    python '''
      import os
      if os.system('head -c {SIZE} /dev/zero'): raise OSError("head failed")
    '''
  }}""",
    "a log of shell": f'task t {{ shell "head -c {SIZE} /dev/zero; echo after" }}',
    "a log of shell, counted": f'task t {{ shell "head -c {SIZE} /dev/zero"; limits {{ output = 1GiB }} }}',
    "an output that is a result": """task t -> str {
    shell '''
      head -c 200000 /dev/zero | tr "\\0" y >&2
      head -c 200000 /dev/zero | tr "\\0" y
    '''
  }""",
    "a result file": """task t -> file {
    shell '''head -c 1200000 /dev/zero > "$FLOW_FOLDER/made"; ln -s "$FLOW_FOLDER/made" r; cp "$FLOW_FOLDER/made" r2; echo r2'''
  }""",
    "a folder of the scratch": f"""task t -> int {{
    python '''
      open("part", "wb").write(b"x" * {SIZE})
      return 1
    '''
  }}""",
}


@pytest.mark.parametrize("name", list(BODIES))
def test_a_body_whose_output_does_not_fit_fails_with_the_reason(disk: Disk, project: Project, name: str) -> None:
    project = project_on(disk, project)
    project.write("w.flow", f"flow 1\nworkflow w {{\n  {BODIES[name]}\n}}\n")
    project.write("first.flow", 'flow 1\nworkflow f { task t { shell "true" } }\n')
    assert project.flow("run", "first.flow").code == 0
    disk.fill(leave=500_000)
    ended = project.flow("run", "w.flow", "--json")
    disk.free()
    if ended.code == 3:  # what the body wrote has left no room for the engine itself
        assert tells_of_the_disk(ended, project.home), ended
        (run, *_) = project_runs(disk, project)
        again = project.flow("run", "--resume", run, "--json")
    else:
        assert ended.code == 1, ended
        (task,) = ended.document["tasks"]
        assert task["error"]["code"] == "disk_full", task
        assert str(project.home) in task["error"]["message"]
        assert "free some space" in task["error"]["message"]
        again = project.flow("retry", ended.document["run"], "--json")
    assert again.code == 0, again


def test_the_error_is_one_document(disk: Disk, project: Project) -> None:
    project = project_on(disk, project)
    project.write("w.flow", 'flow 1\nworkflow w { task t { shell "true" } }\n')
    disk.fill()
    done = subprocess.run([*disk.before, "df", str(disk.folder)], capture_output=True, text=True, check=True)
    assert " 0 100%" in done.stdout, done.stdout
    assert json.loads(project.flow("run", "w.flow", "--json").out)["error"]["code"] == "state"

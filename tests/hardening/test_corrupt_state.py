"""A state that was damaged: told with the file and the remedy, never a traceback, and nothing is written over."""

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.command import Ended, Project
from support.waiting import until

CHAIN = """flow 1
workflow w -> int {
  task numbers -> list[int] { python '''return list(range(12))''' }
  task each for n in numbers -> int { shell "echo seen ~{n} >&2; echo ~{n}" }
  task made -> file { after [each]; shell "echo ~{sum(each)} > sum.txt; echo sum.txt" }
  task held -> int { shell "cat ~{made}; test -e $FLOW_FOLDER/gate" }
  return sum(each)
}
"""
HELLO = 'flow 1\nworkflow h { task t { shell "echo hello" } }\n'
LOOKS = [("list",), ("run", "h.flow")]


@pytest.fixture
def worked(project: Project) -> Project:
    """A state with a run that has failed and one that has succeeded."""
    project.write("w.flow", CHAIN)
    project.write("h.flow", HELLO)
    assert project.flow("run", "w.flow").code == 1
    assert project.flow("run", "h.flow").code == 0
    with closing(sqlite3.connect(project.home / "flow.db")) as connection:  # all of it in the one file
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return project


def database(project: Project) -> Path:
    return project.home / "flow.db"


def log_of(project: Project) -> Path:
    return project.home / "flow.db-wal"


def contents(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(project.home.glob("flow.db*")) if path.suffix != ".db-shm"}


def is_refused(ended: Ended, file: Path) -> None:
    assert ended.code == 3, ended
    message = ended.document["error"]["message"]
    assert str(file) in message, message
    assert "backup" in message or "FLOW_HOME" in message, message
    assert "Traceback" not in ended.err


def is_refused_by_all(project: Project, file: Path) -> None:
    before = contents(project)
    for command in LOOKS:
        is_refused(project.flow(*command, "--json"), file)
    after = contents(project)
    assert {name: after[name] for name in before} == before, "something was written over"


@pytest.mark.parametrize("part", [0.5, 0.95])
def test_a_truncated_database(worked: Project, part: float) -> None:
    size = database(worked).stat().st_size
    os.truncate(database(worked), int(size * part))
    is_refused_by_all(worked, database(worked))


def test_a_database_of_which_the_first_page_is_left(worked: Project) -> None:
    os.truncate(database(worked), 4096)
    is_refused_by_all(worked, database(worked))


def test_an_emptied_database(worked: Project) -> None:
    os.truncate(database(worked), 0)
    is_refused_by_all(worked, database(worked))


def test_garbage_in_the_place_of_the_database(worked: Project) -> None:
    database(worked).write_bytes(random.Random(5).randbytes(100_000))
    is_refused_by_all(worked, database(worked))


def test_garbage_in_the_middle_of_the_database(worked: Project) -> None:
    """Only who meets the page can know; what is told then is the file and the remedy."""
    with open(database(worked), "r+b") as stream:
        stream.seek(4096)
        stream.write(random.Random(7).randbytes(database(worked).stat().st_size - 4096))
    is_refused_by_all(worked, database(worked))


def test_a_database_of_another_program(project: Project) -> None:
    project.write("h.flow", HELLO)
    project.home.mkdir()
    with closing(sqlite3.connect(database(project))) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
        other.commit()
    before = contents(project)
    is_refused(project.flow("run", "h.flow", "--json"), database(project))
    assert contents(project) == before


def unfinished(project: Project) -> None:
    """Leaves a log with what was written last, as a kill -9 does."""
    with project.start("run", "w.flow") as running:
        until(lambda: log_of(project).exists() and log_of(project).stat().st_size > 8_000, what="the log")
        running.kill()
        running.communicate()
    assert log_of(project).stat().st_size


def test_garbage_in_the_place_of_the_log(worked: Project) -> None:
    unfinished(worked)
    log_of(worked).write_bytes(random.Random(3).randbytes(50_000))
    is_refused_by_all(worked, log_of(worked))


def test_a_log_that_is_torn_as_by_a_crash_is_mended(worked: Project) -> None:
    unfinished(worked)
    os.truncate(log_of(worked), log_of(worked).stat().st_size - 1000)
    listed = worked.flow("list", "--json")
    assert listed.code == 0, listed
    assert len(listed.document["runs"]) >= 2


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_log_without_its_database_is_not_begun_anew(worked: Project, how: str) -> None:
    unfinished(worked)
    before = log_of(worked).read_bytes()
    if how == "removed":
        database(worked).unlink()
    else:
        os.truncate(database(worked), 0)
    ended = worked.flow("run", "h.flow", "--json")
    is_refused(ended, database(worked))
    assert log_of(worked).read_bytes() == before


SLOW = """flow 1
workflow s -> int {
  task first for n in range(20) -> int { shell "echo ~{n}" }
  task slow for n in range(24) -> int { after [first]; shell "sleep 0.1; echo ~{n}" }
  return sum(slow)
}
"""


def test_a_log_that_is_removed_while_a_run_works_stops_it_and_loses_nothing(project: Project) -> None:
    project.write("s.flow", SLOW)
    with project.start("run", "s.flow", "--json") as running:
        until(lambda: log_of(project).exists() and project.runs() != [], what="the run")
        (run,) = project.runs()
        until(lambda: '"slow' in project.flow("status", run, "--json").out, what="the second step")
        log_of(project).unlink()
        out, err = running.communicate(timeout=60)
    ended = Ended(running.returncode, out, err)
    assert ended.code == 3, ended
    message = ended.document["error"]["message"]
    assert str(log_of(project)) in message
    assert "removed" in message
    assert f"flow run --resume {run}" in message
    done = project.flow("run", "--resume", run, "--json")
    assert (done.code, done.document["result"]) == (0, sum(range(24))), done
    assert all(task["attempt"] == 1 for task in done.document["tasks"] if task["key"].startswith("first"))


def test_a_database_that_is_replaced_while_a_run_works_stops_it(project: Project) -> None:
    project.write("s.flow", SLOW)
    with project.start("run", "s.flow", "--json") as running:
        until(lambda: project.runs() != [], what="the run")
        copy = project.home / "copy"
        copy.write_bytes(database(project).read_bytes())
        copy.rename(database(project))
        out, err = running.communicate(timeout=60)
    assert running.returncode == 3, (out, err)
    assert "replaced" in out
    assert "Traceback" not in err


def test_a_result_file_that_was_removed_is_named(worked: Project) -> None:
    (kept,) = (worked.home / "files").rglob("sum.txt")
    kept.unlink()
    worked.write("gate", "")
    ended = worked.flow("retry", worked.runs()[1], "--json")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert str(kept) in ended.out
    assert "No such file" in ended.out


@pytest.mark.parametrize("kind", ["json_file", "python"])
def test_a_removed_result_file_is_named_by_every_kind_of_use(project: Project, kind: str) -> None:
    use = (
        "python '''return made.read_text()'''"
        if kind == "python"
        else 'in size: size = made.size\n    shell "cat ~{made}"'
    )
    project.write(
        "w.flow",
        f"""flow 1
workflow w -> str {{
  task made -> file {{ shell "echo x > x.txt; echo x.txt" }}
  task gone {{ shell "rm -f ~{{made}}" }}
  task use -> str {{
    after [gone]
    {use}
  }}
  return use
}}
""",
    )
    ended = project.flow("run", "w.flow", "--json")
    assert ended.code == 1
    (error,) = [task["error"] for task in ended.document["tasks"] if task["error"]]
    assert "x.txt" in str(error)
    assert "Traceback" not in ended.err or kind == "python"


@pytest.mark.parametrize("cut", [0, 100, 5000])
def test_half_written_locks_and_cursors_of_the_dead_stop_nobody(worked: Project, cut: int) -> None:
    """What is not known of a start counts as started."""
    worked.write("s.flow", SLOW)
    with worked.start("run", "s.flow") as running:
        until(lambda: len(worked.runs()) == 3, what="the run")
        run = worked.runs()[0]
        until(lambda: '"running"' in worked.flow("status", run, "--json").out, what="a running task")
        running.kill()
        running.communicate()
    for file in (worked.home / "engines").iterdir():
        os.truncate(file, min(cut, file.stat().st_size))
    (worked.home / "engines" / "half.lock").write_bytes(b"")
    (worked.home / "engines" / "half.slots").write_bytes(b"\1" * cut)
    (worked.home / "engines" / "no name at all").write_bytes(b"x")
    done = worked.flow("run", "--resume", run, "--json")
    assert (done.code, done.document["result"]) == (0, sum(range(24))), done
    assert "Traceback" not in done.err


def test_damaged_compiled_plans_are_compiled_again(worked: Project) -> None:
    for file in (worked.home / "plans").iterdir():
        file.write_bytes(file.read_bytes()[:100] + b"\0garbage")
    assert worked.flow("run", "h.flow").code == 0


def test_a_plan_in_the_state_that_was_damaged_is_named(worked: Project) -> None:
    run = worked.runs()[1]
    with closing(sqlite3.connect(database(worked))) as connection:
        connection.execute("UPDATE plan SET bundle = substr(bundle, 1, 200)")
        connection.commit()
    for command in (("status", run), ("run", "--resume", run), ("why", run, "made"), ("graph", run)):
        ended = worked.flow(*command)
        assert ended.code == 3, (command, ended)
        assert "the plan" in ended.err
        assert "Traceback" not in ended.err


COMMANDS = [("list",), ("logs",), ("run", "h.flow"), ("retry",), ("status",)]


@pytest.mark.parametrize("seed", range(2))
def test_bytes_that_were_changed_anywhere_never_give_a_traceback(worked: Project, seed: int) -> None:
    drawn = random.Random(seed)
    print("seed", seed)
    data = bytearray(database(worked).read_bytes())
    for _ in range(drawn.choice([3, 30, 300])):
        at = drawn.randrange(100, len(data))
        data[at : at + 8] = drawn.randbytes(8)
    database(worked).write_bytes(data)
    for command in COMMANDS:
        ended = worked.flow(*command)
        assert ended.code in (0, 1, 2, 3), (command, ended)
        assert "Traceback" not in ended.err, (command, ended.err)

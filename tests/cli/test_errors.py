"""Whatever goes wrong: a message with a remedy and no traceback; with `--json`, one document on standard output."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from flow_cli.quick import quick_run
from flow_cli.request import MOST_SLOTS
from support.command import COMMAND, Project
from support.waiting import until

HELLO = 'flow 1\nworkflow w {\n  task t { shell "true" }\n}\n'


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "t.flow", "--json", "--bogus"),
        ("run", "--json"),
        ("run", "t.flow", "--slots", "0", "--json"),
        ("list", "--json", "--limit", "many"),
        ("list", "--json", "--state", "bogus"),
        ("run", "--resume", "zzz", "--json"),
    ],
)
def test_a_wrong_usage_is_exit_2_and_one_document(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("t.flow", HELLO)
    ended = project.flow(*arguments)
    assert ended.code == 2
    assert ended.document["error"]["message"]


@pytest.mark.parametrize("command", [("run", "t.flow"), ("run", "--resume", "0")])
@pytest.mark.parametrize("home", ["/dev/null", "/dev/null/below", "/proc/flow"])
def test_a_state_that_cannot_be_made_is_exit_3_and_one_document(
    project: Project, command: tuple[str, ...], home: str
) -> None:
    project.write("t.flow", HELLO)
    project.home = Path(home)
    ended = project.flow(*command, "--json")
    assert ended.code == 3
    assert "FLOW_HOME" in ended.document["error"]["message"]
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("arguments", [("graph", "t.flow", "-o", "/nonexistent/g.dot"), ("init", "/proc/flow/x")])
def test_an_output_that_cannot_be_written_is_exit_2(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("t.flow", HELLO)
    ended = project.flow(*arguments)
    assert (ended.code, "Traceback" in ended.err) == (2, False)
    assert "No such file" in ended.err


def test_a_damaged_state_is_exit_3_and_one_document(project: Project) -> None:
    project.write("t.flow", HELLO)
    project.flow("run", "t.flow")
    for file in project.home.glob("flow.db*"):
        file.write_bytes(b"no database " * 1000)
    for command in (("run", "t.flow"), ("list",), ("status",)):
        ended = project.flow(*command, "--json")
        assert ended.code == 3, command
        assert "flow.db" in ended.document["error"]["message"]


def test_a_look_at_a_state_does_not_make_one(project: Project) -> None:
    assert project.flow("list", "--json").document == {"runs": []}
    assert project.flow("status").code == 2
    assert not project.home.exists()


def test_no_runs_of_a_state_is_not_no_runs(project: Project) -> None:
    project.write("t.flow", HELLO)
    project.flow("run", "t.flow")
    assert project.flow("list", "--state", "failed").err == "no such runs\n"


def test_a_reader_that_goes_away_gets_no_traceback(project: Project) -> None:
    project.write("t.flow", "flow 1\nworkflow w -> list[int] {\n  return [1, 2, 3]\n}\n")
    for command in (("run", "t.flow", "-q"), ("list",)):
        read, write = os.pipe()
        os.close(read)
        ended = subprocess.run(
            [*COMMAND, *command], stdout=write, stderr=subprocess.PIPE, env=project.environment(), cwd=project.folder
        )
        os.close(write)
        assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize("name", ["co:lon", os.fsdecode(b"bad\xff")])
def test_a_state_folder_that_bodies_or_the_database_cannot_name_is_refused(project: Project, name: str) -> None:
    project.write("t.flow", HELLO)
    project.home = project.folder / name
    ended = project.flow("run", "t.flow", "--json")
    assert ended.code == 3
    assert "set FLOW_HOME" in ended.document["error"]["message"]


def test_a_flow_file_whose_path_is_not_utf8_is_refused(project: Project) -> None:
    project.write(os.fsdecode(b"bad\xff/t.flow"), HELLO)
    ended = project.flow("run", os.fsdecode(b"bad\xff/t.flow"), "--json")
    assert (ended.code, ended.document["error"]["code"]) == (2, "path")


@pytest.mark.parametrize("name", ['it\'s "quoted" $(id)', "new\nline", "ünï #%20?"])
def test_a_state_folder_may_have_an_odd_name(project: Project, name: str) -> None:
    project.write("t.flow", 'flow 1\nworkflow w {\n  task t {\n    out n: int\n    shell "flow-out n=3"\n  }\n}\n')
    project.home = project.folder / name
    assert project.flow("run", "t.flow", "--json").document["tasks"][0]["result"] == {"n": 3}
    assert len(project.flow("list", "--json").document["runs"]) == 1


def test_a_run_whose_state_fails_says_how_to_go_on(project: Project) -> None:
    body = "until [ -e $FLOW_FOLDER/go ]; do sleep 0.05; done"
    project.write("t.flow", f'flow 1\nworkflow w {{\n  task t for n in range(50) {{ shell "{body}" }}\n}}\n')
    with project.start("run", "t.flow", "--json") as running:
        until(lambda: len(project.runs()) == 1 and project.processes() != [], what="the run")
        run = project.runs()[0]
        for file in project.home.glob("flow.db*"):
            with open(file, "r+b") as stream:
                stream.write(b"no database " * 5000)
        project.write("go", "")
        out, err = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in err) == (3, False)
    assert f"flow run --resume {run}" in json.loads(out)["error"]["message"]


@pytest.mark.parametrize(
    "arguments",
    [("pool", "set", "api", "9" * 20), ("list", "--limit", "9" * 20), ("worker", "--slots", "9" * 20)],
)
def test_a_number_without_measure_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = Project(tmp_path).flow(*arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_a_run_without_output_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("q.flow", 'flow 1\nworkflow q { task t { shell "true" } }\n')
    assert project.flow("run", "q.flow", "-q").code == 0
    assert "has written nothing" in project.flow("logs").err
    assert "in attempt 9" in project.flow("logs", project.runs()[0], "t", "--attempt", "9").err


def test_a_number_of_slots_has_one_bound_on_the_short_way_and_the_long_one(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.write("w.flow", 'flow 1\nworkflow w { task a { shell "true" } }\n')
    assert quick_run(["run", "w.flow", "--slots", str(MOST_SLOTS)]) is not None
    for given in (str(MOST_SLOTS + 1), "0", "x", "9" * 5000):
        assert quick_run(["run", "w.flow", "--slots", given]) is None
    assert project.flow("run", "w.flow", "--slots", str(MOST_SLOTS + 1)).code == 2


def test_the_end_of_a_run_whose_state_has_gone_is_told(tmp_path: Path) -> None:
    """What is left to tidy up then was a traceback."""
    project = Project(tmp_path / "p")
    project.write("w.flow", 'flow 1\nworkflow w { task a { shell "rm -r $FLOW_FOLDER/.flow/engines" } }\n')
    ended = project.flow("run", "w.flow")
    assert "Traceback" not in ended.err
    assert ended.code == 0

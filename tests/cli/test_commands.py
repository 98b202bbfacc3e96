"""The other commands."""

import json
import re
from pathlib import Path

from support.command import Project

HELLO = (
    'flow 1\nworkflow hello -> str {\n  task greet -> str { shell "echo hello; echo noise >&2" }\n  return greet\n}\n'
)

CYCLE = """flow 1
workflow w {
  task a { in x: str = b; shell "true" }
  task b -> str { in x: str = c; shell "true" }
  task c -> str { after [a]; shell "true" }
}
"""


def test_list_from_a_subfolder_finds_the_state_of_the_project(tmp_path: Path) -> None:
    import os
    import subprocess

    from support.command import COMMAND

    environment = {key: value for key, value in os.environ.items() if key != "FLOW_HOME"}
    project = Project(tmp_path / "a project")
    project.write("flow.toml", "")
    project.write("pipelines/hello.flow", HELLO)
    deep = project.folder / "deep" / "er"
    deep.mkdir(parents=True)

    def flow(*arguments: str, cwd: Path) -> str:
        return subprocess.run(
            [*COMMAND, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=True
        ).stdout

    flow("run", "pipelines/hello.flow", cwd=project.folder)
    flow("run", "../../pipelines/hello.flow", cwd=deep)
    runs = json.loads(flow("list", "--json", cwd=deep))["runs"]
    assert [run["workflow"] for run in runs] == ["hello", "hello"]
    assert runs[0]["created_at"] > runs[1]["created_at"]
    assert (project.folder / ".flow" / "flow.db").exists()
    assert len(flow("list", cwd=deep).splitlines()) == 3


def test_status_and_logs_of_the_newest_run(project: Project) -> None:
    project.write("hello.flow", HELLO)
    run = project.flow("run", "hello.flow", "--json").document["run"]
    assert f"run       {run}" in project.flow("status").out
    assert project.flow("status", run[:16], "--json").document["state"] == "succeeded"
    assert project.flow("logs").out == "--- greet\nnoise\nhello\n"
    assert project.flow("logs", run, "gret").code == 2
    assert project.flow("status", "zzz").code == 2


def test_logs_follow_until_the_run_ends(project: Project) -> None:
    from support.waiting import until

    project.write("s.flow", 'flow 1\nworkflow w {\n  task t { shell "echo first; sleep 1; echo last" }\n}\n')
    running = project.start("run", "s.flow")
    until(lambda: (project.home / "flow.db").exists() and project.flow("list", "--json").document["runs"])
    ended = project.flow("logs", "-f")
    assert ended.out == "--- t\nfirst\nlast\n"
    running.communicate(timeout=30)
    assert running.returncode == 0


def test_a_cycle_is_printed_edge_by_edge(project: Project) -> None:
    project.write("c.flow", CYCLE)
    ended = project.flow("check", "c.flow")
    assert ended.code == 2
    for edge in ("in x: str = b", "in x: str = c", "after [a]"):
        assert edge in ended.err, ended.err
    (diagnostic,) = project.flow("check", "c.flow", "--json").document["diagnostics"]
    assert "wait for one another" in diagnostic["message"]


def test_check_says_what_is_wrong_in_every_file(project: Project) -> None:
    project.write("good.flow", HELLO)
    project.write("sub/bad.flow", HELLO.replace("return greet", "return nothing"))
    ended = project.flow("check")
    assert ended.code == 2
    assert "good.flow: ok (hello, 1 task)" in ended.out
    assert "nothing" in ended.err
    document = project.flow("check", "--json").document
    assert (document["ok"], len(document["diagnostics"])) == (False, 1)


def test_fmt_rewrites_checks_and_reads_standard_input(project: Project) -> None:
    path = project.write("ugly.flow", HELLO.replace("  task", "      task").replace(" -> str {\n", "->str{\n", 1))
    assert project.flow("fmt", "--check", "ugly.flow").code == 1
    assert project.flow("fmt", "ugly.flow").code == 0
    assert project.flow("fmt", "--check", "ugly.flow").code == 0
    formatted = path.read_text()
    assert project.flow("fmt", "-", stdin=formatted).out == formatted
    assert project.flow("run", "ugly.flow").out == "hello\n"


def test_explain_lists_codes_and_shows_a_page(project: Project) -> None:
    codes = re.findall(r"^FLOW\d+", project.flow("explain").out, re.MULTILINE)
    assert len(codes) >= 30
    assert len(project.flow("explain", codes[0].lower()).out) > 200
    wrong = project.flow("explain", "FLOW9")
    assert wrong.code == 2
    assert "FLOW" in wrong.err


def test_graph_in_every_format_of_a_file_and_of_a_run(project: Project) -> None:
    project.write("hello.flow", HELLO)
    run = project.flow("run", "hello.flow", "--json").document["run"]
    for target in ("hello.flow", run):
        for format_, needle in (
            ("svg", "<svg"),
            ("dot", "digraph"),
            ("mermaid", "flowchart"),
            ("text", "greet"),
            ("json", '"greet"'),
        ):
            ended = project.flow("graph", target, "--format", format_)
            assert ended.code == 0, ended.err
            assert needle in ended.out
    assert "succeeded" in project.flow("graph", run, "--format", "svg").out
    assert project.flow("graph", "hello.flow", "-o", "g.png").code == 0
    assert (project.folder / "g.png").read_bytes()[:4] == b"\x89PNG"
    assert project.flow("graph", "hello.flow", "--format", "gif").code == 2
    assert project.flow("graph", "nothing").code == 2


def test_graph_where_no_dot_is_installed(project: Project) -> None:
    import os
    import shutil

    project.write("hello.flow", HELLO)
    if shutil.which("dot") is not None:
        folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "dot").exists()]
        assert folders, "a PATH without dot"
    assert "<svg" in project.flow("graph", "hello.flow", "--format", "svg").out


def test_init_makes_a_project_that_runs_at_once(project: Project) -> None:
    assert project.flow("init", "demo").code == 0
    assert project.flow("check", "demo").code == 0
    assert project.flow("fmt", "--check", "demo").code == 0
    assert project.flow("run", "demo/main.flow", "-p", "greeting=hi").out == "3 texts, 6 words\n"
    again = project.flow("init", "demo")
    assert again.code == 2
    assert "main.flow" in again.err


def test_doctor_is_content_here_and_says_the_fix_where_it_is_not(project: Project) -> None:
    assert project.flow("doctor").code == 0
    document = project.flow("doctor", "--json").document
    assert document["ok"]
    project.home.rename(project.folder / "moved")
    project.home.write_text("not a folder")
    broken = project.flow("doctor", "--json")
    assert broken.code == 1
    (state,) = [check for check in broken.document["checks"] if check["name"] == "state"]
    assert not state["ok"]
    assert "FLOW_HOME" in state["fix"]


def test_logs_follow_the_output_that_will_be_a_result(project: Project) -> None:
    from support.waiting import until

    project.write(
        "s.flow",
        'flow 1\nworkflow w -> str {\n  task t -> str { shell "echo first; sleep 1; echo last" }\n  return t\n}\n',
    )
    with project.start("run", "s.flow") as running:
        until(lambda: project.runs())
        assert project.flow("logs", "-f").out == "--- t\nfirst\nlast\n"
        running.communicate(timeout=30)


def test_a_killed_run_is_shown_as_interrupted_with_the_way_on(project: Project) -> None:
    from support.waiting import until

    project.write("s.flow", 'flow 1\nworkflow w {\n  task t { shell "sleep 300" }\n}\n')
    with project.start("run", "s.flow") as running:
        until(lambda: any("sleep" in line for line in project.processes()))
        assert "interrupted" not in project.flow("list").out
        running.kill()
        running.communicate(timeout=30)
    listed = project.flow("list")
    assert "interrupted" in listed.out
    assert "flow run --resume" in listed.err
    assert f"flow run --resume {project.runs()[0]}" in project.flow("status").out

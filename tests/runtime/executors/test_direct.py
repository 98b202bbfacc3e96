"""A command that is started without a shell gets the words that a shell would give it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from flow_runtime.executors.direct import plain_words, program
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.command import Project

SHOW = "import json, sys; print(json.dumps(sys.argv[1:]))"
TEXT = st.text(st.sampled_from("abZ09_./:=@%+,-'  \t\n\"$`\\*?[]{}~#!&|;<>()^é"), max_size=20)


@settings(max_examples=60, deadline=None)
@given(TEXT)
@example("'a b'c  d=e %1")
@example("a\tb\n")
@example("~")
@example("a=~/b")
def test_its_words_are_those_of_bash(rest: str) -> None:
    words = plain_words(f"show {rest}")
    if words is None:
        return
    script = f"show() {{ {shlex.quote(sys.executable)} -c '{SHOW}' \"$@\"; }}\nshow {rest}"
    said = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=True)
    assert ["show", *json.loads(said.stdout)] == words


@pytest.mark.parametrize(
    "script",
    [
        "cd x",
        "A=1 b",
        "'a' b",
        "echo a",
        "a; b",
        "a\nb",
        "a | b",
        "a > b",
        "a $b",
        "a *",
        "%1",
        "! a",
        "a \\b",
        "",
        "~/a",
    ],
)
def test_what_needs_a_shell(script: str) -> None:
    assert plain_words(script) is None


def test_the_shells_own_commands_are_known() -> None:
    """All that bash names itself, but for those that are the same as programs."""
    listed = subprocess.run(["bash", "-c", "compgen -b; compgen -k"], capture_output=True, text=True, check=True)
    assert {name for name in listed.stdout.split() if plain_words(name)} == {"true", "false"}


def test_a_program_is_looked_for_as_a_shell_does(tmp_path: Path) -> None:
    for folder, mode in (("one", 0o644), ("two", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tool").write_text("")
        (tmp_path / folder / "tool").chmod(mode)
    (tmp_path / "one" / "folder").mkdir()
    path = f"{tmp_path}/one{os.pathsep}{tmp_path}/two"
    assert program("tool", {"PATH": path}) == f"{tmp_path}/two/tool"
    assert program("folder", {"PATH": path}) is None
    assert program("tool", {"PATH": path, "BASH_FUNC_tool%%": "() { :; }"}) is None


def test_bodies_without_a_shell(tmp_path: Path) -> None:
    """One that is a file without an interpreter's line, one that does not exist, one that fails, and one whose words hold spaces."""
    project = Project(tmp_path / "a project")
    (tmp_path / "bare").write_text("echo from a file")
    (tmp_path / "bare").chmod(0o755)
    project.write(
        "d.flow",
        f"""flow 1
workflow d -> list[str] {{
  task file -> str {{ shell "{tmp_path}/bare --x" }}
  task args -> str {{ shell "printenv FLOW_TASK" }}
  task long -> str {{ shell "basename '/x/b  c'" }}
  task here -> str {{ shell "printenv PWD" }}
  task gone -> str {{ optional = true; shell "missing-program --x" }}
  task two -> str {{ optional = true; shell "false" }}
  return [file, args, long, here]
}}
""",
    )
    ran = project.flow("run", "d.flow", "--json")
    assert ran.code == 0, ran.err
    *said, here = ran.document["result"]
    assert said == ["from a file", "args", "b  c"]
    assert "scratch" in here
    errors = {task["key"]: task["error"] for task in ran.document["tasks"] if task.get("error")}
    assert errors["gone"]["code"] == "exit_127"
    assert "missing-program: command not found" in errors["gone"]["log"]
    assert errors["two"]["code"] == "exit_1"

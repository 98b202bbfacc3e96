"""`flow run` as a user meets it."""

import json

from support.command import Project

HELLO = """flow 1
workflow hello(name: str = "world") -> str {
  task greet -> str { shell "echo hello ~{name}" }
  return greet
}
"""

TYPED = """flow 1
workflow w(count: int, day: date = date("2026-01-01"), names: list[str] = []) -> int {
  task t -> int { shell "echo ~{count}" }
  return t
}
"""


def test_hello_prints_its_result_and_nothing_else_on_standard_output(project: Project) -> None:
    project.write("hello.flow", HELLO)
    ended = project.flow("run", "hello.flow")
    assert (ended.code, ended.out) == (0, "hello world\n")
    assert "greet" in ended.err
    assert "succeeded in" in ended.err


def test_a_hostile_parameter_arrives_as_one_word(project: Project) -> None:
    project.write("hello.flow", HELLO)
    for name in (
        "O'Brien; $(id)",
        "`id`",
        '"; exit 3; "',
        "a  b\tc",
        "-n",
        "$HOME",
        "*",
        "\\",
        "new\nline",
        "ünïcödé",
        "",
    ):
        ended = project.flow("run", "hello.flow", "-p", f"name={name}")
        assert (ended.code, ended.out) == (0, f"hello {name}".rstrip("\n") + "\n"), name


def test_json_is_exactly_one_document(project: Project) -> None:
    project.write("hello.flow", HELLO)
    ended = project.flow("run", "hello.flow", "--json")
    document = ended.document
    assert ended.code == 0
    assert (document["workflow"], document["state"], document["result"]) == ("hello", "succeeded", "hello world")
    (task,) = document["tasks"]
    assert (task["key"], task["state"], task["attempt"], task["result"], task["error"]) == (
        "greet",
        "succeeded",
        1,
        "hello world",
        None,
    )
    assert task["started_at"] <= task["finished_at"]


def test_wrong_parameters_are_exit_2_with_one_document(project: Project) -> None:
    project.write("typed.flow", TYPED)
    for arguments, needle in (
        (["-p", "count=1", "-p", "cuont=2"], "cuont"),
        ([], "count"),
        (["-p", "count=many"], "many"),
        (["-p", "count=1", "-p", "day=tomorrow"], "tomorrow"),
        (["-p", "count=1", "-p", "names=[1]"], "names"),
    ):
        ended = project.flow("run", "typed.flow", *arguments)
        assert (ended.code, ended.out) == (2, ""), arguments
        assert needle in ended.err
        document = project.flow("run", "typed.flow", *arguments, "--json")
        assert document.code == 2
        assert needle in document.document["error"]["message"], document.out
    assert project.flow("list", "--json").document == {"runs": []}


def test_a_file_with_errors_is_exit_2_and_nothing_runs(project: Project) -> None:
    project.write("bad.flow", HELLO.replace("greet\n}", "gret\n}"))
    ended = project.flow("run", "bad.flow")
    assert ended.code == 2
    assert "gret" in ended.err
    assert "greet" in ended.err, "did you mean"
    assert project.flow("run", "bad.flow", "--json").document["error"]["diagnostics"][0]["line"] == 4


def test_a_missing_file_is_exit_2_and_names_what_is_there(project: Project) -> None:
    project.write("hello.flow", HELLO)
    ended = project.flow("run", "helo.flow")
    assert ended.code == 2
    assert "did you mean hello.flow?" in ended.err
    assert project.flow("run", "helo.flow", "--json").document["error"]["code"] == "no_such_file"


def test_a_workflow_of_a_file_is_named_after_a_colon(project: Project) -> None:
    project.write("two.flow", HELLO + '\nworkflow bye -> str {\n  task t -> str { shell "echo bye" }\n  return t\n}\n')
    assert project.flow("run", "two.flow:bye").out == "bye\n"
    assert project.flow("run", "two.flow:hello").out == "hello world\n"
    wrong = project.flow("run", "two.flow:helo")
    assert wrong.code == 2
    assert "hello" in wrong.err


def test_parameters_from_a_file(project: Project) -> None:
    project.write("typed.flow", TYPED)
    project.write("p.json", '{"count": 7, "names": ["a"]}')
    assert project.flow("run", "typed.flow", "--params", "p.json").out == "7\n"
    assert project.flow("run", "typed.flow", "--params", "p.json", "-p", "count=8").out == "8\n"
    assert project.flow("run", "typed.flow", "--params", "none.json").code == 2


def test_a_failure_shows_the_source_the_exit_code_and_the_log(project: Project) -> None:
    project.write("f.flow", 'flow 1\nworkflow w {\n  task broken {\n    shell "echo some output; exit 7"\n  }\n}\n')
    ended = project.flow("run", "f.flow")
    assert ended.code == 1
    for needle in (
        "task broken failed",
        "exit code 7",
        "f.flow:3",
        'shell "echo some output; exit 7"',
        "some output",
        "failed in",
    ):
        assert needle in ended.err, ended.err
    document = project.flow("run", "f.flow", "--json")
    assert document.code == 1
    assert document.document["tasks"][0]["error"]["exit_code"] == 7


def test_a_failure_in_a_pipe_fails_the_task(project: Project) -> None:
    project.write("p.flow", 'flow 1\nworkflow w {\n  task t { shell "false | true" }\n}\n')
    assert project.flow("run", "p.flow").code == 1


def test_an_unset_shell_variable_fails_the_task(project: Project) -> None:
    project.write("p.flow", 'flow 1\nworkflow w {\n  task t { shell "echo $NO_SUCH_VARIABLE" }\n}\n')
    assert project.flow("run", "p.flow").code == 1


def test_a_task_named_test_and_other_words_that_are_no_keywords(project: Project) -> None:
    project.write(
        "t.flow",
        'flow 1\nworkflow w -> str {\n  task test -> str { shell "echo test" }\n'
        '  task workflow -> str { shell "echo ~{test} workflow" }\n  task shell -> str { shell "echo ~{workflow} shell" }\n  return shell\n}\n',
    )
    assert project.flow("run", "t.flow").out == "test workflow shell\n"


def test_crlf_and_a_byte_order_mark(project: Project) -> None:
    project.write("crlf.flow", "\ufeff" + HELLO.replace("\n", "\r\n"))
    assert project.flow("run", "crlf.flow").out == "hello world\n"


def test_crlf_in_bodies_does_not_reach_the_shell(project: Project) -> None:
    text = 'flow 1\nworkflow w -> str {\n  task t -> str {\n    shell """\n      echo one\n      echo two\n    """\n  }\n  return t\n}\n'
    project.write("crlf.flow", text.replace("\n", "\r\n"))
    assert project.flow("run", "crlf.flow", "--json").document["result"] == "one\ntwo"


def test_an_unchanged_file_is_not_compiled_again_and_a_changed_one_is(project: Project) -> None:
    project.write("hello.flow", HELLO)
    project.flow("run", "hello.flow")
    (kept,) = (project.home / "plans").iterdir()
    before = kept.stat().st_mtime_ns
    assert project.flow("run", "hello.flow").out == "hello world\n"
    assert kept.stat().st_mtime_ns == before
    project.write("hello.flow", HELLO.replace("echo hello", "echo goodbye"))
    assert project.flow("run", "hello.flow").out == "goodbye world\n"


def test_an_imported_python_file_is_part_of_the_plan(project: Project) -> None:
    project.write("lib.py", "def twice(x: int) -> int:\n    return 2 * x\n")
    project.write(
        "c.flow",
        'flow 1\nfrom python "lib.py" import twice\nworkflow w -> int {\n  task t -> int { call twice(21) }\n  return t\n}\n',
    )
    assert project.flow("run", "c.flow").out == "42\n"
    project.write("lib.py", "def twice(x: int) -> int:\n    return 3 * x\n")
    assert project.flow("run", "c.flow").out == "63\n"


def test_usage_errors_are_exit_2_and_help_is_exit_0(project: Project) -> None:
    assert project.flow("run").code == 2
    assert project.flow("run", "--no-such-option").code == 2
    assert project.flow("nonsense").code == 2
    for command in ("run", "check", "fmt", "explain", "graph", "list", "status", "logs", "cancel", "init", "doctor"):
        ended = project.flow(command, "--help")
        assert ended.code == 0
        assert len(ended.out) > 200, command


def test_a_second_loop_in_one_for_runs_inside_the_first(project: Project) -> None:
    project.write(
        "n.flow",
        'flow 1\nworkflow w -> list[str] {\n  task t for x in ["a", "b"], i in [x, "z"] -> str { shell "echo ~{x}~{i}" }\n'
        "  return t\n}\n",
    )
    ended = project.flow("run", "n.flow", "--json")
    assert json.loads(ended.out)["result"] == ["aa", "az", "bb", "bz"]


def test_a_json_result_holds_no_infinity(project: Project) -> None:
    project.write(
        "j.flow",
        "flow 1\nworkflow w -> json {\n  task t -> json { python '''return {'x': [float('inf')]}''' }\n  return t\n}\n",
    )
    ended = project.flow("run", "j.flow", "--json")
    assert ended.document["tasks"][0]["error"]["code"] == "type_mismatch"


def test_a_records_fields_keep_their_order_whether_the_plan_is_fresh_or_kept(project: Project) -> None:
    project.write(
        "r.flow",
        "flow 1\ntype R { z: int, a: int }\nworkflow w -> R {\n  task t -> R { python '''return {'z': 1, 'a': 2}''' }\n  return t\n}\n",
    )
    for _ in range(2):
        assert list(project.flow("run", "r.flow", "--json").document["result"]) == ["z", "a"]


def test_an_optional_failure_is_not_shown_as_the_cause(project: Project) -> None:
    project.write(
        "o.flow",
        'flow 1\nworkflow w {\n  task soft { shell "exit 3"; optional = true }\n  task hard { shell "exit 4" }\n}\n',
    )
    err = project.flow("run", "o.flow").err
    assert "task hard failed" in err
    assert "task soft failed" not in err

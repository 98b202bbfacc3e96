"""A body may give nothing where its result is a `T?`."""

import json
from pathlib import Path

import pytest
from support.command import Project


def _result(tmp_path: Path, text: str) -> object:
    project = Project(tmp_path)
    project.write("main.flow", text)
    ended = project.flow("run", "main.flow", "--json")
    assert ended.code == 0, ended.out + ended.err
    return ended.document["result"]


@pytest.mark.parametrize(
    "type_", ["str", "int", "bool", 'enum("a", "b")', "list[int]", "map[str, int]", "json", "file"]
)
def test_a_shell_body_that_prints_nothing_gives_nothing(tmp_path: Path, type_: str) -> None:
    text = (
        f'flow 1\nworkflow w -> bool {{\ntask t -> {type_}? {{ shell "echo working >&2" }}\nreturn t is present\n}}\n'
    )
    assert _result(tmp_path, text) is False


def test_an_empty_text_is_one_where_a_text_is_declared(tmp_path: Path) -> None:
    assert _result(tmp_path, 'flow 1\nworkflow w -> str {\ntask t -> str { shell "true" }\nreturn t\n}\n') == ""


def test_outputs_that_nothing_gives(tmp_path: Path) -> None:
    items = """
task sh {
  out text: str?
  out size: size?
  out table: file? = "table.csv"
  out there: file? = "there.csv"
  shell "echo x > there.csv; flow-out text="
}
task py {
  out table: file? = "table.csv"
  out folder: dir? = "folder"
  out there: dir? = "there"
  python '''
    import os
    os.mkdir("there")
  '''
}
return [sh.text is present, sh.size is present, sh.table is present, sh.there is present,
  py.table is present, py.folder is present, py.there is present]
"""
    found = _result(tmp_path, f"flow 1\nworkflow w -> list[bool] {{{items}}}\n")
    assert found == [False, False, False, True, False, False, True], json.dumps(found)


def test_a_loop_that_never_had_a_list_is_absent(tmp_path: Path) -> None:
    items = """
task source when b -> list[int] { shell "echo '[1]'" }
task each for x in source -> int { shell "echo ~{x}" }
task after_each for x in each -> int { shell "echo ~{x}" }
task seen when after_each is present { shell "true" }
task default -> int { in all = sum(each ?? [4]); shell "echo ~{all}" }
return [default, sum(after_each ?? [7])]
"""
    text = f"flow 1\nworkflow w(b: bool = false) -> list[int] {{{items}}}\n"
    assert _result(tmp_path, text) == [4, 7]


def test_a_loop_all_of_whose_instances_were_left_out_is_an_empty_list(tmp_path: Path) -> None:
    items = 'task each for x in [1] when x > 1 -> int { shell "x" }\nreturn [count(each), sum(each ?? [4])]'
    assert _result(tmp_path, f"flow 1\nworkflow w -> list[int] {{\n{items}\n}}\n") == [0, 0]

"""Files as parameters and results."""

from support.command import Project

COPY = """flow 1
workflow w(data: file = file("beside.csv")) -> file {
  task t -> file { shell "cp ~{data} out.csv; echo out.csv" }
  return t
}
"""


def test_a_default_file_lies_beside_the_flow_file(project: Project) -> None:
    project.write("sub/copy.flow", COPY)
    project.write("sub/beside.csv", "beside")
    out = project.flow("run", "sub/copy.flow").out.strip()
    with open(out, encoding="utf-8") as stream:
        assert stream.read() == "beside"


def test_a_given_file_is_found_from_where_the_command_runs(project: Project) -> None:
    project.write("sub/copy.flow", COPY)
    project.write("mine.csv", "mine")
    document = project.flow("run", "sub/copy.flow", "-p", "data=mine.csv", "--json").document
    assert document["state"] == "succeeded"
    assert document["params"]["data"] == {"path": str(project.folder / "mine.csv"), "size": 4}


def test_a_given_file_that_is_not_there_is_exit_2(project: Project) -> None:
    project.write("copy.flow", COPY)
    ended = project.flow("run", "copy.flow", "-p", "data=none.csv")
    assert ended.code == 2
    assert "none.csv (No such file or directory)" in ended.err


def test_a_kept_result_is_read_only_and_a_spoiled_one_is_replaced(project: Project) -> None:
    project.write(
        "s.flow",
        """flow 1
workflow w {
  task one -> file { shell "printf one > a.txt; echo a.txt" }
  task spoil { shell "chmod u+w ~{one}; printf spoiled > ~{one}" }
}
workflow again -> str {
  task one -> file { shell "printf one > a.txt; echo a.txt" }
  task read -> str { shell "cat ~{one}" }
  return read
}
""",
    )
    assert project.flow("run", "s.flow:w").code == 0
    assert project.flow("run", "s.flow:again").out == "one\n"
    (kept,) = (project.home / "files").glob("*/*/a.txt")
    assert kept.stat().st_mode & 0o777 == 0o444


def test_a_failed_run_has_no_result(project: Project) -> None:
    project.write(
        "f.flow",
        """flow 1
workflow w -> int {
  task a for x in [1, 2, 3, 4] -> int { shell "test ~{x} != 3 && echo ~{x}" }
  task b for y in a -> int { python '''return y * 2''' }
  return sum(b)
}
""",
    )
    ended = project.flow("run", "f.flow", "--json")
    assert (ended.code, ended.document["state"], ended.document["result"]) == (1, "failed", None)
    assert project.flow("run", "f.flow").out == ""


def test_linked_and_shared_results_are_kept_whole(project: Project) -> None:
    (project.folder / "outside.txt").write_text("outside")
    project.write(
        "l.flow",
        """flow 1
workflow w(outside: str) -> str {
  task t {
    out inside: file
    out through: file
    out same: file
    out again: file
    shell \"\"\"
      echo real > real.txt; ln -s real.txt inside.txt; ln -s ~{outside} through.txt
      flow-out inside=inside.txt through=through.txt same=real.txt again=real.txt
    \"\"\"
  }
  task read -> str { shell "cat ~{t.inside} ~{t.same} ~{t.again} ~{t.through}" }
  return read
}
""",
    )
    ended = project.flow("run", "l.flow", "-p", f"outside={project.folder / 'outside.txt'}")
    assert ended.out == "real\nreal\nreal\noutside\n"


def test_a_file_with_another_name_elsewhere_keeps_its_mode_and_its_independence(project: Project) -> None:
    data = project.folder / "data.txt"
    data.write_text("before")
    project.write(
        "h.flow",
        """flow 1
workflow w(data: str) -> file {
  task t -> file { shell "mkdir out; ln ~{data} kept.txt 2>/dev/null || cp ~{data} kept.txt; echo kept.txt" }
  return t
}
""",
    )
    kept = project.flow("run", "h.flow", "-p", f"data={data}").out.strip()
    data.write_text("after")
    with open(kept, encoding="utf-8") as stream:
        assert stream.read() == "before"


def test_folders_of_the_same_name_are_kept_apart(project: Project) -> None:
    project.write(
        "d.flow",
        """flow 1
workflow w -> str {
  task t {
    out a: dir
    out b: dir
    out inner: file
    shell "mkdir -p x/out y/out; echo x > x/out/f; echo y > y/out/f; flow-out a=x/out b=y/out inner=y/out/f"
  }
  task read -> str { shell "cat ~{t.a}/f ~{t.b}/f ~{t.inner}" }
  return read
}
""",
    )
    assert project.flow("run", "d.flow").out == "x\ny\ny\n"


def test_the_scratch_folder_itself_is_no_result(project: Project) -> None:
    project.write("d.flow", 'flow 1\nworkflow w {\n  task t -> dir { shell "touch f; echo ." }\n}\n')
    assert "make a folder in it" in project.flow("run", "d.flow").err


def test_the_path_of_a_python_result_may_name_an_input(project: Project) -> None:
    project.write(
        "p.flow",
        """flow 1
workflow w(day: str = "monday") -> str {
  task t {
    out table: file = "of-~{day}.csv"
    python '''
      open(f"of-{day}.csv", "w").write("rows")
      return {}
    '''
  }
  task read -> str { shell "basename ~{t.table}; cat ~{t.table}" }
  return read
}
""",
    )
    assert project.flow("run", "p.flow").out == "of-monday.csv\nrows\n"

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

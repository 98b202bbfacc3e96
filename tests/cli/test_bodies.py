"""Shell and Python bodies: results, files, tracebacks, timeouts, retries."""

from pathlib import Path

from support.command import Project


def test_a_traceback_points_at_the_flow_line(project: Project) -> None:
    path = project.write(
        "t.flow",
        """flow 1
workflow w {
  task broken {
    python '''
      def deeper():
          return 1 / 0
      deeper()
    '''
  }
}
""",
    )
    ended = project.flow("run", "t.flow")
    assert ended.code == 1
    assert f'File "{path}", line 6, in deeper' in ended.err
    assert "return 1 / 0" in ended.err
    lines = ended.err.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("  |") and line.endswith("return 1 / 0")]
    assert lines[at + 1].index("~~^~~") == lines[at].index("1 / 0"), "the carets are under the expression"
    assert "ZeroDivisionError: division by zero" in ended.err
    assert "flow_runtime" not in ended.err


def test_a_traceback_of_an_imported_function_points_at_its_file(project: Project) -> None:
    path = project.write("lib/tasks.py", "def half(x: int) -> float:\n    return x / 0\n")
    project.write(
        "c.flow",
        'flow 1\nfrom python "lib/tasks.py" import half\nworkflow w {\n  task t -> float { call half(1) }\n}\n',
    )
    ended = project.flow("run", "c.flow")
    assert f'File "{path}", line 2, in half' in ended.err


def test_outputs_by_flow_out_and_by_file(project: Project) -> None:
    project.write(
        "o.flow",
        """flow 1
workflow w -> str {
  task made {
    out rows: int
    out name: str
    out table: file = "result table.csv"
    shell \"\"\"
      printf 'a\\nb\\n' > 'result table.csv'
      flow-out rows=2 "name=it's \\"quoted\\" = so"
    \"\"\"
  }
  task used -> str { shell "cat ~{made.table}; echo ~{made.rows} ~{made.name}" }
  return used
}
""",
    )
    ended = project.flow("run", "o.flow", "--json")
    assert ended.document["result"] == 'a\nb\n2 it\'s "quoted" = so'
    (made,) = [task for task in ended.document["tasks"] if task["key"] == "made"]
    table = Path(made["result"]["table"])
    assert table.read_text() == "a\nb\n"
    assert table.name == "result table.csv"
    assert project.home / "files" in table.parents


def test_missing_results_name_what_is_missing(project: Project) -> None:
    for body, needle in (
        ('out rows: int\n    shell "true"', "flow-out rows=VALUE"),
        ('out t: file = "x.csv"\n    shell "touch y.csv"', "x.csv"),
        ('out rows: int\n    shell "flow-out rows=many"', "many"),
        ('out rows: int\n    shell "flow-out row=1"', "row"),
    ):
        project.write("m.flow", f"flow 1\nworkflow w {{\n  task t {{\n    {body}\n  }}\n}}\n")
        ended = project.flow("run", "m.flow")
        assert ended.code == 1, body
        assert needle in ended.err, ended.err


def test_a_result_of_the_wrong_type_shows_the_value(project: Project) -> None:
    project.write(
        "t.flow", "flow 1\nworkflow w {\n  task t -> list[int] { python '''return eval('[1, \"two\"]')''' }\n}\n"
    )
    ended = project.flow("run", "t.flow", "--json")
    error = ended.document["tasks"][0]["error"]
    assert error["code"] == "type_mismatch"
    assert "expected int at [1]" in error["message"]
    assert "'two'" in error["message"]


def test_a_timeout_ends_the_whole_group(project: Project) -> None:
    project.write(
        "t.flow",
        'flow 1\nworkflow w {\n  task t {\n    shell "(sleep 333 & sleep 333); true"\n    timeout = 300ms\n  }\n}\n',
    )
    ended = project.flow("run", "t.flow", "--json")
    assert ended.document["tasks"][0]["error"]["code"] == "timeout"
    assert project.processes() == []


def test_a_timeout_ends_a_python_body_and_runs_its_finally(project: Project) -> None:
    project.write(
        "t.flow",
        """flow 1
workflow w(mark: str) {
  task t {
    python '''
      import time, pathlib
      try:
          time.sleep(333)
      finally:
          pathlib.Path(mark).write_text("cleaned")
    '''
    timeout = 300ms
  }
}
""",
    )
    mark = project.folder / "mark"
    ended = project.flow("run", "t.flow", "--json", "-p", f"mark={mark}")
    assert ended.document["tasks"][0]["error"]["code"] == "timeout"
    assert mark.read_text() == "cleaned"
    assert project.processes() == []


def test_retries_with_backoff_run_again_and_keep_each_log(project: Project) -> None:
    project.write(
        "r.flow",
        """flow 1
workflow w(mark: str) -> int {
  task flaky -> int {
    shell \"\"\"
      echo attempt $FLOW_ATTEMPT >&2
      echo x >> ~{mark}
      [ "$FLOW_ATTEMPT" -ge 3 ] && wc -l < ~{mark}
    \"\"\"
    retry = retry(4, backoff = exponential(10ms), jitter = full)
  }
  return flaky
}
""",
    )
    ended = project.flow("run", "r.flow", "--json", "-p", f"mark={project.folder / 'mark'}")
    assert (ended.code, ended.document["result"], ended.document["tasks"][0]["attempt"]) == (0, 3, 3)
    logs = project.flow("logs").out
    assert [line for line in logs.splitlines() if line.startswith("attempt")] == ["attempt 1", "attempt 2", "attempt 3"]


def test_a_body_that_ends_its_process_fails_alone(project: Project) -> None:
    project.write(
        "x.flow",
        """flow 1
workflow w -> int {
  task numbers -> list[int] { python '''return list(range(40))''' }
  task each for n in numbers -> int {
    python '''
      import os
      if n == 7:
          os._exit(3)
      return n
    '''
    optional = true
  }
  task total -> int { python '''return len(each)''' }
  return total
}
""",
    )
    ended = project.flow("run", "x.flow", "--json")
    assert (ended.code, ended.document["result"]) == (0, 39)
    tasks = {task["key"]: task for task in ended.document["tasks"]}
    assert tasks["each[7]"]["error"]["code"] == "crashed"


def test_prints_of_python_and_of_its_subprocesses_are_in_the_log_in_order(project: Project) -> None:
    project.write(
        "p.flow",
        """flow 1
workflow w {
  task t {
    python '''
      import subprocess, sys
      print("one")
      subprocess.run(["echo", "two"], check=True)
      print("three", file=sys.stderr)
    '''
  }
}
""",
    )
    assert project.flow("run", "p.flow").code == 0
    assert project.flow("logs").out == "--- t\none\ntwo\nthree\n"


def test_other_interpreters(project: Project) -> None:
    project.write(
        "i.flow",
        """flow 1
workflow w(name: str = "x") -> str {
  task t -> str {
    shell \"\"\"
      import sys
      print(sys.argv[0].split("/")[-1])
    \"\"\"
    with = "python3"
  }
  return t
}
""",
    )
    assert project.flow("run", "i.flow").out == ".flow-script\n"


def test_a_missing_interpreter_names_it(project: Project) -> None:
    project.write("i.flow", 'flow 1\nworkflow w {\n  task t {\n    shell "x"\n    with = "no-such-program"\n  }\n}\n')
    ended = project.flow("run", "i.flow")
    assert ended.code == 1
    assert "no-such-program is not installed" in ended.err

"""Bodies that misbehave: each fails alone, with a reason, and leaves nothing behind."""

import resource
import time

from support.command import Ended, Project
from support.waiting import until


def run_body(project: Project, body: str, kind: str = "python", result: str = "int", settings: str = "") -> Ended:
    quotes = "'''" if kind == "python" else '"""'
    lines = "\n".join(f"      {line}" for line in body.strip("\n").splitlines())
    arrow = f" -> {result}" if result else ""
    text = f"flow 1\nworkflow w {{\n  task t{arrow} {{\n    {kind} {quotes}\n{lines}\n    {quotes}\n    {settings}\n  }}\n}}\n"
    project.write("t.flow", text)
    return project.flow("run", "t.flow", "--json", stdin="meant for the command\n")


def outcome(ended: Ended) -> tuple[object, str | None]:
    """(result, error code) of the only task."""
    (task,) = ended.document["tasks"]
    return task["result"], (task["error"] or {}).get("code")


def test_a_text_that_is_no_unicode_is_kept_as_it_is(project: Project) -> None:
    ended = run_body(project, r"return [b'\xff'.decode('utf-8', 'surrogateescape'), '\ud800']", result="list[str]")
    assert outcome(ended) == (["\udcff", "\ud800"], None)


def test_elements_that_are_no_unicode_reach_their_bodies(project: Project) -> None:
    project.write(
        "t.flow",
        """flow 1
workflow w -> list[int] {
  task names -> list[str] { python '''return [b"a\\xff".decode("utf-8", "surrogateescape")]''' }
  task sizes for name in names -> int { shell "printf %s ~{name} | wc -c" }
  return sizes
}
""",
    )
    assert project.flow("run", "t.flow", "--json").document["result"] == [2]


def test_a_result_that_is_too_large_says_so(project: Project) -> None:
    assert outcome(run_body(project, "return 'x' * 20_000_000", result="str")) == (None, "too_large")
    printing = "head -c 50000000 /dev/zero | tr '\\\\0' x"
    assert outcome(run_body(project, printing, kind="shell", result="str")) == (None, "too_large")


def test_a_number_without_decimal_text_fails_with_the_reason(project: Project) -> None:
    ended = run_body(project, "return 10 ** 5000")
    assert outcome(ended) == (None, "exception")
    assert "4300 digits" in ended.err


def test_a_body_may_delete_its_scratch_folder(project: Project) -> None:
    assert outcome(run_body(project, "import os, shutil\nshutil.rmtree(os.getcwd())\nreturn 1")) == (1, None)
    assert outcome(run_body(project, 'rm -rf "$PWD"; echo 1', kind="shell")) == (1, None)


def test_a_generator_that_raises_shows_its_traceback(project: Project) -> None:
    ended = run_body(project, "yield 1\nraise ValueError('inside')\nreturn []", result="list[int]")
    assert outcome(ended) == (None, "exception")
    assert "ValueError: inside" in ended.err


def test_an_exception_that_cannot_be_shown_fails_the_task_alone(project: Project) -> None:
    body = "class E(Exception):\n    def __str__(self):\n        raise RuntimeError\nif True:\n    raise E\nreturn 1"
    ended = run_body(project, body)
    assert ended.document["tasks"][0]["error"]["message"] == "E: (its message cannot be shown)"


def test_a_copy_that_a_body_forks_does_not_answer(project: Project) -> None:
    body = "import os, sys, time\nif os.fork() == 0:\n    sys.exit(3)\ntime.sleep(0.2)\nos.fork()\nreturn os.getpid()"
    result, code = outcome(run_body(project, body))
    assert code is None
    assert result is not None
    assert project.processes() == []


def test_a_body_does_not_read_the_standard_input_of_the_command(project: Project) -> None:
    assert outcome(run_body(project, "import sys\nreturn len(sys.stdin.read())")) == (0, None)
    assert outcome(run_body(project, "wc -c", kind="shell")) == (0, None)


def test_a_timeout_that_comes_with_the_work_is_not_lost(project: Project) -> None:
    began = time.monotonic()
    assert outcome(run_body(project, "sleep 30", kind="shell", result="", settings="timeout = 1ms")) == (
        None,
        "timeout",
    )
    assert time.monotonic() - began < 10


def test_a_body_that_ignores_sigterm_is_killed_and_the_engine_sleeps_meanwhile(project: Project) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = run_body(project, "trap '' TERM\nsleep 60\nsleep 60", kind="shell", result="", settings="timeout = 200ms")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert outcome(ended) == (None, "timeout")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2.5
    assert project.processes() == []


def test_a_body_that_kills_its_slot_does_not_run_on_beside_its_next_attempt(project: Project) -> None:
    mark = project.folder / "mark"
    body = f"if [ $FLOW_ATTEMPT = 1 ]; then kill -9 $PPID; sleep 1; echo still >> '{mark}'; fi\nsleep 1.5"
    assert outcome(run_body(project, body, kind="shell", result="", settings="retry = 1")) == (None, None)
    assert not mark.exists()


def test_what_a_crashed_python_body_started_is_ended(project: Project) -> None:
    project.write(
        "t.flow",
        """flow 1
workflow w {
  task t {
    python '''
      import os, subprocess
      if os.environ["FLOW_ATTEMPT"] == "1":
          subprocess.Popen(["sleep", "4321"])
          os._exit(3)
      import time
      time.sleep(60)
    '''
    retry = 1
  }
}
""",
    )
    with project.start("run", "t.flow") as running:
        until(lambda: '"attempt": 2' in project.flow("status", "--json").out, what="the second attempt")
        assert [line for line in project.commands() if "4321" in line] == []
        running.terminate()
        running.communicate(timeout=30)


def test_a_relative_result_starts_at_the_scratch_folder_wherever_the_body_went(project: Project) -> None:
    """A file beside the body's last working folder is not this task's, and must never be moved from there."""
    project.write("data.csv", "mine")
    body = f"import os\nos.chdir({str(project.folder)!r})\nreturn 'data.csv'"
    assert outcome(run_body(project, body, result="file")) == (None, "missing_file")
    assert (project.folder / "data.csv").read_text() == "mine"

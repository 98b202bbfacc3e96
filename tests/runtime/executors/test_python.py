"""What a Python body may return where its task declares results by `out`, and what it may not leave to the bodies after it."""

from pathlib import Path

from flow_lang import types
from flow_lang.plan import Body, Need, Output, Plan, Task, Workflow
from support.bodies import Done, run_body, run_plan


def one_after_the_other(folder: Path, *bodies: Body) -> dict[str, Done]:
    """In one slot; each gives a text."""
    tasks = [
        Task(f"t{at}", body, (Need(f"t{at - 1}", "order"),) if at else (), single=True, result=types.STR)
        for at, body in enumerate(bodies)
    ]
    return run_plan(Plan("w", {"w": Workflow("w", (), tuple(tasks))}, "w.flow", {}), folder, slots=1)


def python(code: str) -> Body:
    return Body("python", code=code, line=1)


def test_a_result_that_is_not_declared_is_an_error(tmp_path: Path) -> None:
    """As it is for flow-out: a slip in a name must not lose the value."""
    body = Body("python", code="return {'rows': 1, 'row': 2}", line=1)
    done = run_body(body, tmp_path, outputs=(Output("rows", types.INT),))
    assert done.error is not None
    assert (done.code, done.error["message"]) == (
        "unknown_output",
        "the body returned 'row', and the task declares: rows",
    )


def test_a_shell_body_has_the_workers_environment_and_not_that_of_a_python_body(tmp_path: Path) -> None:
    polluted = python("import os\nos.environ['LEAK'] = 'yes'\nreturn 'x'")
    done = one_after_the_other(tmp_path, polluted, Body("shell", ("echo ${LEAK-none}",)))
    assert done["t1"].result == "none"


def test_a_body_that_puts_something_in_the_place_of_standard_output_silences_itself_alone(tmp_path: Path) -> None:
    silent = python("import io, sys\nsys.stdout = io.StringIO()\nprint('unseen')\nreturn 'x'")
    done = one_after_the_other(tmp_path, silent, python("print('seen')\nreturn 'x'"))
    assert (done["t0"].log, done["t1"].log) == ("", "seen\n")

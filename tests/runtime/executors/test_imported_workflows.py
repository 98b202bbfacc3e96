"""Bodies of an imported file: they are their own, know their own file, and find the modules beside it."""

from pathlib import Path

from flow_lang import types
from flow_lang.plan import Body, Need, Plan, Secret, Task, Workflow
from support.bodies import Done, run_plan

ENTRY = "flow 1\nentry line\n"
IMPORTED = "flow 1\n\n\nraise ValueError(x)\n"


def run(body: Body, folder: Path, secrets: tuple[Secret, ...] = ()) -> dict[str, Done]:
    """The entry has a task `t`, and calls a workflow of lib/b.flow that has one too."""
    (folder / "lib").mkdir(exist_ok=True)
    (folder / "lib" / "beside.py").write_text("def name():\n    return 'beside'\n")
    own = Task("t", Body("python", code="return 'entry'", line=2), single=True, result=types.STR)
    call = Task("c", Body("child", function="lib/b.flow:q"), (Need("t", "order"),), single=True, result=types.STR)
    theirs = Task("t", body, single=True, result=types.STR, secrets=tuple(secret.name for secret in secrets))
    made = Plan(
        "w",
        {
            "w": Workflow("w", (), (own, call)),
            "lib/b.flow:q": Workflow("q", (), (theirs,), types.STR, ["ref", "t"], file="lib/b.flow", secrets=secrets),
        },
        "w.flow",
        {"w.flow": ENTRY, "lib/b.flow": IMPORTED},
    )
    return run_plan(made, folder, slots=1)


def test_a_task_of_the_same_name_is_another(tmp_path: Path) -> None:
    found = run(Body("python", code="import beside\nreturn beside.name()", line=4), tmp_path)
    assert (found["t"].result, found["c"].result) == ("entry", "beside"), found


def test_a_traceback_names_the_imported_file(tmp_path: Path) -> None:
    found = run(Body("python", code="raise ValueError('x')", line=4), tmp_path)
    error = found["lib/b.flow:q t"].error
    assert error is not None
    assert f'File "{tmp_path}/lib/b.flow", line 4, in body' in error["traceback"], found
    assert found["c"].state == "failed"


def test_the_file_of_a_secret_is_beside_the_file_that_declares_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("of the entry")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "key").write_text("of the other\n")
    secret = Secret("key", "file", "key")
    found = run(Body("python", code="return str(len(key))", names=("key",), line=4), tmp_path, (secret,))
    assert found["c"].result == str(len("of the other")), found

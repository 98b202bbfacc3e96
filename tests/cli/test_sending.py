"""What a server is sent with a run: no more than the plan names, and nothing from outside of the project."""

from pathlib import Path

import pytest
from flow_cli.backends.sending import folder_to_send, given
from flow_cli.failure import CommandError
from flow_cli.request import RunRequest
from flow_runtime.plans import Loaded, load_plan

FORM = "flow 1\nworkflow w({params}) -> json {{\n  {task}\n  return 1\n}}\n"
SHELL = 'task t { shell "true" }'


def loaded(tmp_path: Path, params: str = "", task: str = SHELL) -> Loaded:
    folder = tmp_path / "project" / "flows" / "deep"
    folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / "project" / "flow.toml").touch()
    (folder / "w.flow").write_text(FORM.format(params=params, task=task))
    found = load_plan(str(folder / "w.flow"), None, None)
    assert found.plan is not None, found.diagnostics
    return found


@pytest.mark.parametrize(
    ("params", "task", "sent"),
    [
        ("", SHELL, None),
        ('p: file = file("/etc/hosts")', SHELL, None),
        ('p: file = file("in.csv")', SHELL, "project/flows/deep"),
        ("n: int = 1", 'task t for f in glob("data-~{n}/*.c") { shell "cc ~{f}" }', "project/flows/deep"),
        ('d: str = "x"', 'task t for f in glob(d) { shell "cc ~{f}" }', "project/flows/deep"),
        ("", 'task t { python "import beside" }', "project/flows/deep"),
        ('p: list[file] = glob("../docs/*.md")', SHELL, "project/flows"),
        ('p: file = file("in.csv"), q: dir = dir("../../data")', SHELL, "project"),
    ],
)
def test_the_nearest_folder_that_holds_all(tmp_path: Path, params: str, task: str, sent: str | None) -> None:
    found = folder_to_send(loaded(tmp_path, params, task))
    assert found == (None if sent is None else str(tmp_path.resolve() / sent))


def test_what_lies_outside_of_the_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"\.\./\.\./\.\./secret lies outside of the project"):
        folder_to_send(loaded(tmp_path, 'p: file = file("../../../secret")'))


def test_a_default_that_is_not_used_needs_nothing(tmp_path: Path) -> None:
    found = loaded(tmp_path, 'p: dir = dir("../../../elsewhere")')
    assert given(found, RunRequest(params=(f"p={tmp_path}",))) == ({"p": {"path": str(tmp_path), "size": 0}}, None)


def test_a_file_of_the_folder_is_named_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(tmp_path, "p: file, q: list[file] = []")
    folder = Path(found.folder)
    (folder / "in.csv").write_text("abc")
    monkeypatch.chdir(folder.parent)
    params, root = given(found, RunRequest(params=("p=deep/in.csv", 'q=["other.csv"]')))
    assert params == {"p": {"path": "in.csv", "size": 3}, "q": [{"path": str(folder.parent / "other.csv"), "size": 0}]}
    assert root == str(folder.resolve())
    with pytest.raises(CommandError, match="absent"):
        given(found, RunRequest(params=("p=deep/absent",)))


def test_what_is_missing_is_told_where_all_must_be_given(tmp_path: Path) -> None:
    found = loaded(tmp_path, "n: int")
    with pytest.raises(CommandError):
        given(found, RunRequest())
    assert given(found, RunRequest(), complete=False) == ({}, None)

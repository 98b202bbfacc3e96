"""What ruff and shellcheck find in bodies, at its place in the file."""

import os
import re
import stat
from pathlib import Path

import pytest
from flow_lang.diagnostics import Diagnostic, in_order
from flow_lang.explain import all_codes, explain
from flow_lang.render import render
from flow_lang.source import Source
from flow_runtime.lint.lint import CODES, lint
from flow_runtime.lint.snippets import snippets
from flow_runtime.lint.tools import RUFF, LintFailed, Tool, findings
from support.command import Project

GOLDEN = Path(__file__).parent.parent / "golden" / "lint"
LINTED = 'flow 1\nworkflow w {\n  task t { shell "touch $1" }\n}\n'


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.flow")), ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    source = Source(path.name, path.read_text("utf-8"))
    shown = render([_rule_alone(diagnostic) for diagnostic in in_order(lint([source]))], {source.path: source})
    if os.environ.get("FLOW_UPDATE_GOLDEN"):
        path.with_suffix(".txt").write_text(shown, "utf-8")
    assert shown == path.with_suffix(".txt").read_text("utf-8")


def _rule_alone(diagnostic: Diagnostic) -> Diagnostic:
    """A tool's words and links change with its versions, its rules and places do not."""
    return diagnostic._replace(message=diagnostic.message.rpartition("(")[2].rstrip(")"), hint="")


@pytest.mark.parametrize("code", sorted(CODES.values()))
def test_the_examples_of_a_page(code: str) -> None:
    page = explain(code)
    assert page is not None
    wrong, right = (Source("x.flow", text) for text in re.findall(r"```flow\n(.*?)```", page, re.DOTALL))
    assert [diagnostic.code for diagnostic in lint([wrong])] == [code]
    assert lint([right]) == []


def test_every_code_of_a_tool_has_a_page() -> None:
    assert {code for code in all_codes() if code >= "FLOW590"} == set(CODES.values())


def test_a_snippet_knows_where_each_of_its_characters_stands() -> None:
    for path in [*GOLDEN.glob("*.flow"), *(GOLDEN.parents[2] / "examples").rglob("*.flow")]:
        for text in (path.read_text("utf-8"), path.read_text("utf-8").replace("\n", "\r\n")):
            for snippet in snippets(Source(path.name, text)):
                assert len(snippet.places) == len(snippet.text)
                for char, place in zip(snippet.text, snippet.places, strict=True):
                    if place is not None and not text.startswith(("~{", "\\"), place.start):
                        assert text[place.start : place.end] == char, (path, snippet.text)


def test_crlf_changes_no_place() -> None:
    text = (GOLDEN / "FLOW591_shell_body.flow").read_text("utf-8")
    plain, windows = Source("a.flow", text), Source("a.flow", text.replace("\n", "\r\n"))
    marked = [
        [s.text[slice(*d.primary.span)].replace("\r\n", "\n") for d in in_order(lint([s]))] for s in (plain, windows)
    ]
    assert marked[0] == marked[1]


def test_check_warns_and_succeeds(project: Project) -> None:
    project.write("t.flow", LINTED)
    ended = project.flow("check", "t.flow")
    assert ended.code == 0
    assert "warning[FLOW591]" in ended.err
    assert "(shellcheck SC2086)" in ended.err
    assert ended.out == "t.flow: ok (w, 1 task)\n"
    (told,) = project.flow("check", "t.flow", "--json").document["diagnostics"]
    assert (told["code"], told["line"], told["column"]) == ("FLOW591", 3, 25)
    assert project.flow("check", "t.flow", "--no-lint").err == ""


def test_a_run_is_not_linted(project: Project) -> None:
    project.write("t.flow", 'flow 1\nworkflow w { task t { shell "x=a; true $x" } }\n')
    assert "FLOW591" not in project.flow("run", "t.flow").err


def test_a_file_with_errors_is_told_them_first(project: Project) -> None:
    project.write("a.flow", LINTED.replace("}\n}", "; nope = 1 }\n}"))
    project.write("b.flow", LINTED)
    codes = [(told["file"], told["code"]) for told in project.flow("check", ".", "--json").document["diagnostics"]]
    assert codes == [("./a.flow", "FLOW203"), ("./b.flow", "FLOW591")]


def test_a_tool_that_is_not_there_is_told_where_it_was_asked_for(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from flow_cli.commands.language import check

    monkeypatch.setattr(Tool, "path", lambda self: None)
    path = str(project.write("t.flow", LINTED))
    assert check([path], "text", with_lint=True) == 0
    assert (
        capsys.readouterr().err == "flow check: ruff and shellcheck are not installed: pip install 'flow-dsl[lint]'\n"
    )
    assert check([path], "text") == 0
    assert capsys.readouterr().err == ""


def test_a_tool_that_fails_says_what_it_said(tmp_path: Path) -> None:
    broken = tmp_path / "ruff"
    broken.write_text("#!/bin/sh\necho 'no such option' >&2\nexit 2\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    source = Source("x.flow", "flow 1\nworkflow w { task t { python '''pass''' } }\n")
    with pytest.raises(LintFailed, match="ruff failed: no such option; leave it out with --no-lint"):
        findings(RUFF, str(broken), snippets(source))


def test_the_examples_are_clean() -> None:
    paths = sorted((GOLDEN.parents[2] / "examples").rglob("*.flow"))
    assert len(paths) > 3
    assert lint([Source(str(path), path.read_text("utf-8")) for path in paths]) == []

"""`flow check --format`: what other programs read."""

import json
import re
from typing import Any

import pytest
from flow_cli.formats.github import github
from flow_cli.formats.sarif import sarif
from flow_lang.diagnostics import Diagnostic, Label, Span
from flow_lang.source import Source
from support.command import Project

WRONG = """flow 1
workflow w(ünï: int) {
  task a { shell "echo ~{ünx}"; timeout = 10 }
  task a { shell "true" }
}
"""


@pytest.fixture
def wrong(project: Project) -> Project:
    project.write("lib/w w.flow", WRONG)
    return project


def test_sarif_has_what_its_schema_requires(wrong: Project) -> None:
    ended = wrong.flow("check", "lib", "--format", "sarif")
    assert ended.code == 2
    log = ended.document
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "flow"
    assert driver["version"]
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"].startswith(f"# {rule['id']}")
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
    assert run["results"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        for location in result["locations"]:
            _check_location(location)


def _check_location(location: dict[str, Any]) -> None:
    physical = location["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "lib/w%20w.flow"
    region = physical["region"]
    assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
    assert min(region.values()) >= 1


def test_sarif_counts_columns_in_characters(wrong: Project) -> None:
    log = wrong.flow("check", "lib", "--format", "sarif").document
    run = log["runs"][0]
    assert run["columnKind"] == "unicodeCodePoints"
    marked = set()
    for result in run["results"]:
        region = result["locations"][0]["physicalLocation"]["region"]
        line = WRONG.splitlines()[region["startLine"] - 1]
        marked.add(line[region["startColumn"] - 1 : region["endColumn"] - 1])
    assert "ünx" in marked


def test_sarif_of_no_mistake_and_of_a_secondary_place() -> None:
    assert sarif([], {}, "1")["runs"][0]["results"] == []
    source = Source("/abs/a b.flow", "one\ntwo\n")
    told = Diagnostic(
        "FLOW202", "error", "twice", Label(Span(4, 7)), (Label(Span(0, 3), "first here"),), "rename", source.path
    )
    (result,) = sarif([told], {source.path: source}, "1")["runs"][0]["results"]
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "first here"
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "file:///abs/a%20b.flow"
    assert result["message"]["text"] == "twice\nhint: rename"


def test_github_commands(wrong: Project) -> None:
    ended = wrong.flow("check", "lib/w w.flow", "--format", "github")
    assert ended.code == 2
    lines = ended.out.splitlines()
    form = r"::(error|warning) file=lib/w w\.flow,line=\d+,col=\d+,endLine=\d+,endColumn=\d+,title=FLOW\d{3}::.+"
    assert lines
    assert all(re.fullmatch(form, line) for line in lines)
    assert ended.err == ""


def test_github_escapes_what_would_end_a_command() -> None:
    source = Source("a,b:c.flow", "one\ntwo\n")
    told = Diagnostic("FLOW101", "error", "100%\r\n::warning::x", Label(Span(0, 5)), (), "", source.path)
    assert github([told], {source.path: source}) == [
        "::error file=a%2Cb%3Ac.flow,line=1,col=1,endLine=2,title=FLOW101::100%25%0D%0A::warning::x"
    ]


def test_github_paths_are_of_the_repository() -> None:
    told = Diagnostic("FLOW101", "error", "x", Label(Span(0, 0)), (), "", "/repo/sub/w.flow")
    assert github([told], {}, "/repo") == ["::error file=sub/w.flow,title=FLOW101::x"]
    assert github([told], {}, "/other") == ["::error file=/repo/sub/w.flow,title=FLOW101::x"]
    assert github([told._replace(path="./w.flow")], {}) == ["::error file=w.flow,title=FLOW101::x"]


def test_json_is_the_short_form(wrong: Project) -> None:
    short, long = wrong.flow("check", "--json"), wrong.flow("check", "--format", "json")
    assert json.loads(short.out) == json.loads(long.out)
    assert short.document["ok"] is False


def test_a_format_that_is_none(wrong: Project) -> None:
    ended = wrong.flow("check", "--format", "xml")
    assert ended.code == 2
    assert "there is no format xml; there are: text, json, sarif, github" in ended.err
    both = wrong.flow("check", "--json", "--format", "sarif")
    assert both.code == 2

"""Files without a workflow: what they declare is for others."""

from pathlib import Path

import pytest
from flow_lang.compile import Compiled, check_source
from flow_lang.source import Source
from lang.compiling import Memory, codes
from support.command import Project

TYPES = "flow 1\ntype Order { id: str }\n"
POLICIES = "flow 1\npolicy gentle = retry(2)\n"


def checked(text: str) -> Compiled:
    return check_source(Source("test.flow", text), Memory())


@pytest.mark.parametrize("text", [TYPES, POLICIES, 'flow 1\ntype Kind = enum("a")\n'])
def test_a_file_of_declarations_is_right_and_cannot_be_run(text: str) -> None:
    assert checked(text).diagnostics == []
    assert codes(text) == ["FLOW207"]


@pytest.mark.parametrize("text", ["flow 1\n", 'flow 1\nfrom python "a.py" import f\n'])
def test_a_file_that_gives_nothing_has_no_workflow(text: str) -> None:
    assert [d.code for d in checked(text).diagnostics] in (["FLOW207"], ["FLOW213"])


def test_a_mistake_in_a_file_of_types_is_told() -> None:
    assert [d.code for d in checked("flow 1\ntype Order { id: sting }\n").diagnostics] == ["FLOW205"]


def test_flow_check_and_flow_run_of_a_file_of_types(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("types.flow", TYPES)
    ended = project.flow("check", "types.flow")
    assert (ended.code, ended.err) == (0, "")
    assert "types.flow: ok (without a workflow" in ended.out
    ended = project.flow("run", "types.flow")
    assert ended.code == 2
    assert "FLOW207" in ended.err

"""Each page of `flow explain`: its first example is answered with the code, its second is not."""

import re
import shlex
from pathlib import Path

import flow_lang
import pytest
from flow_lang.explain import all_codes, explain
from flow_lang.params import bind
from lang.compiling import CHAIN, compiled

FRONT_END = [code for code in all_codes() if code < "FLOW590"]
"""The rest are of the tools that look into bodies: tests/cli/test_lint.py."""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def answers(page: str, which: int) -> list[str]:
    """The codes that the first (0) or second (1) example of a page is answered with."""
    python = blocks(page, "python")
    files = {"tasks.py": python[min(which, len(python) - 1)]} if python else {}
    files |= dict(re.findall(r"```flow (\S+)\n(.*?)```", page, re.DOTALL)) | CHAIN
    found = compiled(blocks(page, "flow")[which].replace("\n\\0", "\n\0"), files)
    codes = list(dict.fromkeys(diagnostic.code for diagnostic in found.diagnostics))
    console = blocks(page, "console")
    if console and found.plan is not None:
        words = shlex.split(console[which])
        texts = dict(word.split("=", 1) for word in words if "=" in word)
        codes += [diagnostic.code for diagnostic in bind(found.plan.workflow, texts, {}, "hello.flow")[1]]
    return codes


@pytest.mark.parametrize("code", FRONT_END)
def test_the_examples_of_a_page(code: str) -> None:
    page = explain(code)
    assert page is not None
    assert page.startswith(f"# {code}: ")
    assert answers(page, 0) == [code]
    assert answers(page, 1) == []


def test_every_code_of_the_front_end_has_a_page() -> None:
    folder = Path(next(iter(flow_lang.__path__)))
    used = {code for path in folder.rglob("*.py") for code in re.findall(r'"(FLOW\d{3})"', path.read_text("utf-8"))}
    assert used == set(FRONT_END)


def test_a_code_may_be_written_shortly() -> None:
    assert explain("101") == explain("flow101") == explain("FLOW101")
    assert explain("FLOW999") is None

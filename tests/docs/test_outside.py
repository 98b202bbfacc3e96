"""The page about requests, notifications, secrets and limits: its examples compile, and it names what there is."""

import re
from pathlib import Path

from flow_lang.checks.kind import errors_of
from flow_lang.checks.registry import all_kinds
from flow_runtime.executors.http.answer import BODY, HEADERS, STATUS
from flow_runtime.executors.notify.smtp import VARIABLE
from flow_runtime.executors.secrets import variable_of
from lang.compiling import codes

PAGE = (Path(__file__).parents[2] / "docs" / "outside.md").read_text("utf-8")


def test_its_examples_compile() -> None:
    blocks = re.findall(r"```flow\n(.*?)```", PAGE, re.DOTALL)
    assert blocks
    assert [codes(block) for block in blocks] == [[]] * len(blocks)


def test_it_names_what_there_is() -> None:
    for name in (STATUS, HEADERS, BODY, VARIABLE, variable_of("name")):
        assert name in PAGE, name


def test_its_errors_are_those_that_retry_knows() -> None:
    named = {"connection", "smtp", "smtp_not_set", "secret", "memory", "cpu", "output", "too_large"}
    assert named <= set(errors_of(all_kinds()).names)
    assert [name for name in named if f"`{name}`" not in PAGE] == []

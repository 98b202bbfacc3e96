"""Every ```flow block of the language reference compiles; a block marked `error CODE` is answered with that code."""

import re
from pathlib import Path

import pytest
from flow_lang.functions import FUNCTIONS
from lang.compiling import codes

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")
BLOCKS = re.findall(r"```flow([^\n]*)\n(.*?)```", PAGE, re.DOTALL)
FLOWS = {mark.strip(): text for mark, text in BLOCKS if mark.endswith(".flow")}
"""Files that other blocks import."""
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("at", range(len(BLOCKS)))
def test_a_block_of_the_reference(at: int) -> None:
    mark, text = BLOCKS[at]
    expected = [mark.split()[-1]] if "error" in mark else []
    assert codes(text, {"tasks.py": PYTHON[0], **FLOWS}) == expected


def test_the_reference_lists_every_function() -> None:
    assert [f.name for f in FUNCTIONS.values() if f"| `{f.signature}` | {f.doc} |" not in PAGE] == []

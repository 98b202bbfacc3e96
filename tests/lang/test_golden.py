"""Each file of tests/golden beside what people see for it. `FLOW_UPDATE_GOLDEN=1 pytest` writes them anew: then read the difference.

A first line `# run: name=value ...` binds parameters as well. `\\0` in a source stands for a NUL character.
"""

import os
import shlex
from pathlib import Path

import pytest
from flow_lang.compile import compile_source
from flow_lang.explain import all_codes
from flow_lang.params import bind
from flow_lang.render import render
from flow_lang.source import Source
from lang.compiling import CHAIN

FOLDER = Path(__file__).parent.parent / "golden"
FILES = sorted(FOLDER.glob("*.flow"))


class _Loader:
    def read(self, path: str) -> str:
        if path in CHAIN:
            return CHAIN[path]
        return (FOLDER / path).read_text("utf-8")


def shown(path: Path) -> str:
    text = path.read_bytes().decode("utf-8").replace("\\0", "\0")
    found = compile_source(Source(path.name, text), _Loader())
    diagnostics = list(found.diagnostics)
    if text.startswith("# run:") and found.plan is not None:
        words = shlex.split(text.splitlines()[0].removeprefix("# run:"))
        texts = dict(word.split("=", 1) for word in words)
        diagnostics += bind(found.plan.workflow, texts, {}, path.name)[1]
    return render(diagnostics, found.sources)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    golden = path.with_suffix(".txt")
    if os.environ.get("FLOW_UPDATE_GOLDEN"):
        golden.write_text(shown(path), "utf-8")
    assert shown(path) == golden.read_text("utf-8")


def test_every_code_is_shown() -> None:
    texts = "".join(path.with_suffix(".txt").read_text("utf-8") for path in FILES)
    assert [code for code in all_codes() if code < "FLOW590" and f"[{code}]" not in texts] == []

"""One mistake is one error: what comes of a wrong node is not told again wherever it is used."""

import pytest
from lang.compiling import codes

FRAMES = """
import pandas as pd
def load() -> pd.DataFrame: ...
def save(frame: pd.DataFrame) -> int: ...
def count(path: str) -> int: ...
def untyped(x): ...
"""
USES = """
  task many for x in ["a"] { call {f}(x) }
  task later for y in many { shell "echo ~{y} ~{y.rows}" }
  task words { in a: str = one; in b = many; shell "echo ~{a} ~{words(b)} ~{one.size}" }
  task deep for z in one when one > 3 -> int { call count(one) }
  return one
"""


@pytest.mark.parametrize("name", ["load", "save", "untyped", "missing", "cont"])
@pytest.mark.parametrize("result", ["", " -> int"])
def test_a_wrong_import(name: str, result: str) -> None:
    uses = USES.replace("{f}", name)
    text = f'flow 1\nfrom python "t.py" import {name}\nworkflow w{result} {{ task one {{ call {name}("x") }}\n{uses} }}'
    imported = text.replace(f"import {name}", f"import {name}, count")
    found = codes(imported, {"t.py": FRAMES})
    assert len(found) == 1, found
    assert found[0] in ("FLOW309", "FLOW312", "FLOW212")


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ('task one -> strr { shell "x" }', "FLOW205"),
        ("task one { }", "FLOW313"),
        ('task one for q in qs -> str { shell "x" }', "FLOW201"),
        ('task one when qs -> str { shell "x" }', "FLOW201"),
        ('task one for q in ["a"] > str { shell "x" }', "FLOW101"),
        ('task one when true == list[str] { shell "x" }', "FLOW101"),
        ('task one -> str { shell "x" }\n task one -> int { shell "x" }', "FLOW202"),
        ("task one { call f() }", "FLOW204"),
    ],
)
def test_a_wrong_task(head: str, code: str) -> None:
    uses = """
      task two { in a: str = one.a; shell "~{a} ~{one.b}" }
      task three for x in one { shell "~{x} ~{x.size}" }
      task four -> str { in b: list[int] = one; shell "~{words(b)}" }
      return { a = one, b = four }
    """
    assert codes(f"flow 1\nworkflow w {{\n{head}\n{uses}\n}}") == [code]


def test_a_skipped_task_is_told_once() -> None:
    text = """flow 1
    workflow w(big: bool) -> str {
      task a -> str when big { shell "x" }
      task b -> str { shell "~{a}" }
      task c -> str { shell "~{b}" }
      return "~{a} ~{b} ~{c}"
    }"""
    assert codes(text) == ["FLOW305"]

"""The quick way to compile a body gives the same places as the careful one."""

from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest
from flow_lang.plan import Body
from flow_runtime.executors import inline

BODIES = [
    "return z",
    "x = [i / z for i in range(3)]\n\ndef f(y):\n    return y / 0\n\nreturn f(z) + len(x)",
    "class A:\n    def g(self):\n        return lambda: größe\nreturn A().g()",
    "async def f():\n    async for x in z:\n        yield x\nreturn (i for i in f())",
    "return f'{z:>{3}} {z!r}'",
    "if z: return 1\nelif z is None:\n    return [\n        1,\n      2]\nraise ValueError(z)",
]


def places(code: CodeType) -> Iterator[Any]:
    """Of all instructions but those that begin a body: their place is that of a `def`, which no file has."""
    yield from (place for place in code.co_positions() if place[2:] != (0, 0))
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield code.co_name, const.co_name
            yield from places(const)


@pytest.mark.parametrize("code", BODIES)
@pytest.mark.parametrize("columns", [1, 5, 40])
@pytest.mark.parametrize("line", [2, 300])
def test_both_ways_give_the_same_places(code: str, columns: int, line: int) -> None:
    body = Body("python", code=code, names=("z",), line=line)
    quick = inline._moved(inline._by_text(code, ("z",), columns, "w.flow"), line - 2)
    careful = inline._by_tree(body, columns, "w.flow")
    assert list(places(quick)) == list(places(careful))
    assert quick.co_code == careful.co_code


@pytest.mark.parametrize("code", ['return """a\nb"""', "return '''a\n  b'''", "return 'a\\\nb'"])
def test_texts_of_several_lines_stay_as_they_are(code: str) -> None:
    indented = code.replace("\n", "\n    ")
    source = f"flow 1\nworkflow w {{\n  task a {{ python '''\n    {indented}\n  ''' }}\n}}\n"
    names: dict[str, Any] = {}
    exec(f"def plain():\n    {code}", names)
    assert inline.compile_inline(Body("python", code=code, line=4), "w.flow", source)() == names["plain"]()


def test_an_empty_body_gives_nothing() -> None:
    assert inline.compile_inline(Body("python", code="", line=3), "w.flow", "flow 1\n\n  x")() is None
    assert inline.compile_inline(Body("python", code="# later", line=3), "w.flow", "flow 1\n\n  # later")() is None

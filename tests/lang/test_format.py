"""`flow fmt` on the programs and on what is easy to get wrong."""

import pytest
from flow_lang.format import format_source
from flow_lang.source import Source
from lang.programs import SOURCES
from lang.stripping import parsed


def formatted(text: str) -> str:
    found, diagnostics = format_source(Source("test.flow", text))
    assert found is not None, diagnostics
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_a_program_keeps_its_meaning(name: str) -> None:
    once = formatted(SOURCES[name])
    assert formatted(once) == once
    assert parsed(once)[0] == parsed(SOURCES[name])[0]


def test_a_block_with_a_line_break_is_spread() -> None:
    assert formatted('flow 1;workflow w{task a{shell "x";;retry=-3};task b{;shell "y" # c\n}\n\n\n\n# last\n\n}') == (
        'flow 1\nworkflow w {\n  task a { shell "x"; retry = -3 }\n  task b {\n    shell "y"  # c\n  }\n\n  # last\n}\n'
    )


def test_spaces_around_brackets_and_operators() -> None:
    text = (
        "flow 1\npolicy p=f( a ,b=[ 1,- 2 ] )\npolicy q=a -b* -c.d [0]+{ x=1 }.x\npolicy r={}\npolicy s=not(a)and(b)\n"
    )
    assert formatted(text) == (
        "flow 1\npolicy p = f(a, b = [1, -2])\npolicy q = a - b * -c.d[0] + { x = 1 }.x\npolicy r = {}\npolicy s = not (a) and (b)\n"
    )


def test_lists_keep_their_line_breaks() -> None:
    assert formatted("flow 1\npolicy p = f([\n1,\n # one\n 2], g(\n3))\n") == (
        "flow 1\npolicy p = f([\n  1,\n  # one\n  2], g(\n    3))\n"
    )


def test_bodies_stay_byte_for_byte_and_crlf_stays() -> None:
    text = 'flow 1\r\nworkflow w {\r\ntask a { shell """\r\n\t x  \r\n """ }\r\n}\r\n'
    assert formatted(text) == 'flow 1\r\nworkflow w {\r\n  task a { shell """\r\n\t x  \r\n """ }\r\n}\r\n'


@pytest.mark.parametrize("between", ["\n", "\n;", ";\n", "\n# note\n", "\n\n", "\n;\n", "\n\n\n"])
def test_a_doc_belongs_to_the_same_item_afterwards(between: str) -> None:
    text = f"flow 1\n## doc{between}workflow w {{\n}}\n"
    assert parsed(formatted(text))[0] == parsed(text)[0]


def test_wrong_text_is_not_touched() -> None:
    found, diagnostics = format_source(Source("test.flow", "flow 1\nworkflow {"))
    assert found is None
    assert [diagnostic.code for diagnostic in diagnostics] == ["FLOW101"]


def test_the_deepest_text_that_is_accepted_still_is_when_it_is_formatted() -> None:
    """A line break after `{` once made what follows one level deeper than none, so that this was refused the second time."""
    accepted = 0
    for operators in range(50, 66):
        plus = " + 1" * operators
        once, _ = format_source(
            Source("test.flow", f"flow 1\nworkflow w {{ task a {{ in y = 1{plus}; limits {{ x = 1{plus}\n}} }} }}\n")
        )
        if once is not None:
            accepted += 1
            assert formatted(once) == once
    assert 0 < accepted < 16


def test_operators_of_a_clause_do_not_deepen_the_block_after_it() -> None:
    text = "flow 1\nworkflow w { task a when x" + " and x" * 60 + " { limits { undo { in y = [[[[1]]]] } } }\n}\n"
    assert "in y = [[[[1]]]]" in formatted(text)


def test_a_block_is_indented_from_its_item_on() -> None:
    text = "flow 1\nworkflow w {\n  wait day when f(\n    x,\n  ) or g(\n    y) {\n    duration = 1s\n  }\n}\n"
    assert formatted(text) == text

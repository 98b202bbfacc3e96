"""Positions count in units of UTF-16 unless something else was agreed on, and lines end where the protocol says."""

import random

import pytest
from flow_lang.diagnostics import Span
from flow_lsp.positions import Positions
from lsprotocol.types import Position

TEXT = 'flow 1\r\n# é𝄞x\n  shell "😀~{day}"\rlast\x0cline\u2028end'
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


@pytest.mark.parametrize("encoding", CODECS)
def test_an_offset_and_its_position_are_each_others(encoding: str) -> None:
    positions = Positions(TEXT, encoding)
    for offset in range(len(TEXT) + 1):
        position = positions.position(offset)
        inside_an_end = TEXT[offset - 1 : offset + 1] == "\r\n"
        assert positions.offset(position) == offset - inside_an_end


@pytest.mark.parametrize("encoding", CODECS)
def test_columns_are_lengths_in_the_encoding(encoding: str) -> None:
    codec, size = CODECS[encoding]
    at = TEXT.index("~{day}")
    line = TEXT[TEXT.index("  shell") : at]
    assert Positions(TEXT, encoding).position(at) == Position(2, len(line.encode(codec)) // size)


def test_lines_end_at_lf_crlf_and_cr_alone() -> None:
    positions = Positions(TEXT)
    assert [positions.position(TEXT.index(word)).line for word in ("#", "shell", "last", "line", "end")] == [
        1,
        2,
        3,
        3,
        3,
    ]


def test_a_column_inside_a_character_is_before_it() -> None:
    positions = Positions("a𝄞b")
    assert [positions.offset(Position(0, at)) for at in range(6)] == [0, 1, 1, 2, 3, 3]


def test_what_is_beyond_the_end_is_at_the_end() -> None:
    positions = Positions("ab\ncd")
    assert positions.offset(Position(0, 99)) == 2
    assert positions.offset(Position(1, 99)) == 5
    assert positions.offset(Position(9, 0)) == 5
    assert positions.position(99) == Position(1, 2)
    assert positions.range(Span(3, 99)).end == Position(1, 2)


def test_half_a_character_of_utf_16_is_one_unit() -> None:
    """JSON can bring one; it is no text, and still has a place."""
    assert Positions("\ud800x").position(1) == Position(0, 1)


def test_random_texts_agree_with_their_bytes() -> None:
    dice = random.Random(20261129)
    for _ in range(300):
        text = "".join(dice.choice("ab\n\ré𝄞😀\r\n") for _ in range(dice.randrange(30)))
        positions = Positions(text)
        offset = dice.randint(0, len(text))
        if text[offset - 1 : offset + 1] == "\r\n" and offset:
            continue
        before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
        line = before.rpartition("\n")[2]
        expected = Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)
        assert positions.position(offset) == expected, repr(text)

"""What holds for every text."""

from flow_lang.compile import compile_source
from flow_lang.diagnostics import to_dict
from flow_lang.format import format_source
from flow_lang.render import render
from flow_lang.source import Source
from flow_lang.syntax.lexer import lexemes, scan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lang.programs import LOADER, SOURCES
from lang.stripping import parsed

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

_EXTRA = ("~{", "}", '"', "'''", '"""', "\r\n", "\t", "\0")
_PIECES = [*sorted({token.text for text in SOURCES.values() for token in scan(text)}), *_EXTRA]
_words = st.lists(st.sampled_from(_PIECES), max_size=40).map(" ".join)
_program = st.sampled_from(sorted(SOURCES.values()))


@st.composite
def _shuffled(draw: st.DrawFn) -> str:
    """A good program with some tokens replaced by others of good programs, and its spaces changed."""
    tokens = [token.text for token in scan(draw(_program))]
    for at in draw(st.lists(st.integers(0, len(tokens) - 1), max_size=3)):
        tokens[at] = draw(st.sampled_from(_PIECES))
    between = draw(st.sampled_from((" ", "  ", "\t")))
    return between.join(tokens)


def _check(text: str) -> None:
    found = compile_source(Source("test.flow", text), LOADER)
    assert (found.plan is None) == any(d.is_error for d in found.diagnostics)
    shown = render(found.diagnostics, found.sources)
    assert all(char == "\n" or char.isprintable() for char in shown)
    for diagnostic in found.diagnostics:
        assert to_dict(diagnostic, found.sources)["line"] >= 1
        assert diagnostic.hint


@FEW
@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    _check(text)
    format_source(Source("test.flow", text))


@FEW
@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    _check("flow 1\n" + data.decode("latin-1"))


@FEW
@given(_words)
def test_any_tokens_are_answered(text: str) -> None:
    _check("flow 1\nworkflow w {\n" + text)


@FEW
@given(_shuffled())
def test_formatting_changes_nothing_but_spaces(text: str) -> None:
    _check(text)
    formatted, diagnostics = format_source(Source("test.flow", text))
    if formatted is None:
        assert diagnostics
        return
    again, _ = format_source(Source("test.flow", formatted))
    assert again == formatted
    before, _ = parsed(text)
    after, report = parsed(formatted)
    assert not report.diagnostics
    assert after == before
    assert _comments(formatted) == _comments(text)


def _comments(text: str) -> list[str]:
    return [token.text.rstrip() for token in scan(text) if token.kind == "COMMENT"]


@FEW
@given(
    st.lists(st.sampled_from((*_PIECES, *"1.sx_²٣ \t\\'\"~{}#;\n", "1s", "2GiB", '"~{"')), max_size=30).map("".join),
    st.data(),
)
def test_a_scan_has_the_kinds_that_the_pattern_names(text: str, data: st.DataObject) -> None:
    """It looks most of them up by their text, which is right for those only that mean the same wherever they stand."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    named = [(kind, first, last) for kind, first, last in lexemes(text, start, end)]
    scanned = [
        ("NAME" if token.text.isalpha() else token.kind, token.start, token.end) for token in scan(text, start, end)
    ]
    assert scanned == named

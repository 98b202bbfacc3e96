"""`flow fmt`: one way to write a file. Like gofmt it works on tokens, keeps the line breaks that were chosen, and sets the spaces.

- Two spaces of indentation for each line that opens a bracket which is still open.
- A block is on one line, or has each item and its `}` on lines of their own; a block with a line break in it is of the second kind.
- At most one blank line, none at the start or end of a block. Texts, and so shell and Python bodies, stay byte for byte.
"""

from typing import NamedTuple

from flow_lang.checks.registry import all_words
from flow_lang.diagnostics import Diagnostic, Report, in_order
from flow_lang.source import Source
from flow_lang.syntax.build import parse_file
from flow_lang.syntax.layout import BEFORE_A_SIGN, Layout
from flow_lang.syntax.lexer import Token, scan

_OPEN = frozenset(("LPAR", "LSQB", "LBRACE", "LCURLY"))
_CLOSE = frozenset(("RPAR", "RSQB", "RBRACE", "RCURLY"))
_TIGHT_AFTER = frozenset(("LPAR", "LSQB", "DOT"))
_TIGHT_BEFORE = frozenset(("RPAR", "RSQB", "COMMA", "COLON", "DOT", "QUESTION", "NL"))
_CALLED = frozenset(("NAME", "RPAR", "RSQB", "STRING", "TRIPLE", "RAW", "RCURLY"))
"""What a `(` or `[` follows without a space: a call, an index, the argument of a type."""


def format_source(source: Source) -> tuple[str | None, list[Diagnostic]]:
    """The text as it should look, or None with the errors of a text that cannot be parsed."""
    report = Report(source.path)
    parse_file(source, report, all_words())
    if report.failed:
        return None, in_order(report.diagnostics)
    end = "\r\n" if "\r\n" in source.text else "\n"
    lines = _Lines(_tokens(source.text)).split()
    return "".join(line + end for line in _printed(lines)), in_order(report.diagnostics)


def _tokens(text: str) -> list[Token]:
    """All tokens with comments and newlines, each of the kind that the layout gives it."""
    scanned = scan(text)
    kinds = {
        token.start: token.kind
        for token in Layout(scanned, Report(""), len(text), all_words()).run()
        if token.end > token.start
    }
    return [token if token.kind in ("NL", "COMMENT") else token._replace(kind=kinds[token.start]) for token in scanned]


class _Line(NamedTuple):
    tokens: list[Token]
    blank: bool
    """Whether a blank line stands before it."""


class _Lines:
    """Decides where lines end."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.long = _long_blocks(tokens)
        self.lines: list[_Line] = []
        self.line: list[Token] = []
        self.open: list[str] = []
        self.blank = False

    def split(self) -> list[_Line]:
        for at, token in enumerate(self.tokens):
            if token.kind == "NL":
                self._newline(token, at)
            elif token.kind in _CLOSE:
                if self.open.pop() == "long":
                    self._end()
                    self.blank = False
                self.line.append(token)
            else:
                self.line.append(token)
                if token.kind in _OPEN:
                    self._opened(token, at)
        self._end()
        return self.lines

    def _opened(self, token: Token, at: int) -> None:
        kind = "bracket" if token.kind != "LBRACE" else "long" if at in self.long else "short"
        self.open.append(kind)
        if kind == "long" and self.tokens[at + 1].kind != "COMMENT":
            self._end()

    def _newline(self, token: Token, at: int) -> None:
        if token.text == "\n":
            if self.line:
                self._end()
            else:
                self.blank = True
        elif self.open and self.open[-1] == "short":
            if self._between_items(at):
                self.line.append(token)
        elif self.tokens[at + 1 : at + 2] and self.tokens[at + 1].kind != "COMMENT":
            self._end()

    def _between_items(self, at: int) -> bool:
        """Whether a `;` parts two items: it is then neither first nor last in its block, nor one of several."""
        return self.tokens[at - 1].kind not in ("NL", "LBRACE") and self._next(at).kind != "RBRACE"

    def _next(self, at: int) -> Token:
        return next(token for token in self.tokens[at:] if token.kind != "NL")

    def _end(self) -> None:
        if self.line:
            previous = self.lines[-1].tokens[-1].kind if self.lines else "LBRACE"
            self.lines.append(_Line(self.line, self.blank and previous != "LBRACE"))
            self.blank = False
        self.line = []


def _long_blocks(tokens: list[Token]) -> set[int]:
    """The indices of the `{` of blocks with a line break between the braces."""
    found: set[int] = set()
    open_: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind in _OPEN:
            open_.append(at)
        elif token.kind in _CLOSE:
            open_.pop()
        elif token.kind == "NL" and token.text == "\n":
            found.update(open_)
    return {at for at in found if tokens[at].kind == "LBRACE"}


def _printed(lines: list[_Line]) -> list[str]:
    out: list[str] = []
    depths: list[int] = []
    for line in lines:
        indent = depths[-1] if depths else 0
        for token in line.tokens:
            if token.kind not in _CLOSE:
                break
            indent = depths[-1] - 1
            depths.pop()
        if line.blank:
            out.append("")
        out.append("  " * indent + _spaced(line.tokens))
        leading = True
        for token in line.tokens:
            leading = leading and token.kind in _CLOSE
            if token.kind == "LBRACE":  # from its item on, not from where a bracket in it ended
                depths.append((depths[-1] if depths else 0) + 1)
            elif token.kind in _OPEN:
                depths.append(indent + 1)
            elif token.kind in _CLOSE and not leading:
                depths.pop()
    return out


def _spaced(tokens: list[Token]) -> str:
    out: list[str] = []
    before: Token | None = None
    sign = False
    for token in tokens:
        if before is not None:
            out.append("  " if token.kind == "COMMENT" else " " if not sign and _apart(before, token) else "")
        out.append(token.text.rstrip() if token.kind == "COMMENT" else token.text)
        sign = token.kind == "MINUS" and (before is None or before.kind in BEFORE_A_SIGN)
        before = token
    return "".join(out)


def _apart(before: Token, token: Token) -> bool:
    if token.kind == "DOT" and before.kind in ("INT", "FLOAT", "DURATION", "SIZE"):
        return True
    if before.kind in _TIGHT_AFTER or token.kind in _TIGHT_BEFORE:
        return False
    if token.kind in ("LPAR", "LSQB"):
        return before.kind not in _CALLED
    return not (before.kind in _OPEN and token.kind in _CLOSE)

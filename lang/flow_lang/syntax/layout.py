"""Between the lexer and the parser: which newlines count, which braces are records, which names are block words.

The rules stand at the top of flow.lark. What is wrong with a single token is reported here, because the parser never sees it.
"""

import re
from collections.abc import Mapping

from flow_lang.diagnostics import Label, Report, Span
from flow_lang.foreign import UNITS
from flow_lang.named import NamedTuple
from flow_lang.syntax.characters import meant
from flow_lang.syntax.lexer import Token
from flow_lang.syntax.words import NO_KINDS, Words

DEEPEST = 64
"""Brackets and operators inside one another; deeper is an error, so that no walk over the tree runs out of stack."""

_OF_A_FILE = frozenset(("FLOW", "TYPE", "POLICY", "WORKFLOW", "TEST"))
_DECLARES = frozenset(("task", "workflow", "type", "policy", "wait", "pool", "test"))
_HOLDERS = frozenset(("TYPE", "WORKFLOW", "TEST", "TASK", "WAIT", "POOL", "SECTION", "ON", "KIND"))
"""What has a block. Any other is that of a `{` that should not be there."""
_AFTER_A_NAME = frozenset(("LBRACE", "ARROW", "FOR", "WHEN", "LPAR"))
_NOT_AFTER_A_WORD = frozenset(("ASSIGN", "COLON", "DOT", "COMMA"))
_OPERATORS = frozenset(("COMPARE", "DEFAULT", "PLUS", "MINUS", "TIMES", "AND", "OR", "NOT", "IN", "IS"))
_VALUE_FOLLOWS = frozenset(
    ("ASSIGN", "LPAR", "LSQB", "COMMA", "COLON", "LCURLY", "WHEN", "RETURN", "WORD", "AFTER", "CALL")
)
BEFORE_A_SIGN = _OPERATORS | _VALUE_FOLLOWS
"""After these a `{` opens a record, and a `-` is a sign."""
_PASSED_ON = frozenset(
    ("NAME", "STRING", "TRIPLE", "RAW", "INT", "FLOAT", "DURATION", "SIZE", "TRUE", "FALSE", "ASSIGN", "COLON", "ARROW")
)
"""Most of a file: within an item nothing is asked about them."""
_OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE", "LCURLY": "RCURLY"}
_CLOSERS = frozenset(("RPAR", "RSQB", "RBRACE"))
_DEEPENING = _OPERATORS | frozenset(("DOT", "LPAR", "LSQB", "LCURLY", "LBRACE", "QUESTION"))
_NUMBERS = "numbers are 12, 1_000 or 0.5; durations 250ms, 30s, 5m, 2h, 1d or 1h30m; sizes 0B, 64KiB or 2GB"
_SHOWN = {
    "LPAR": "(",
    "LSQB": "[",
    "LBRACE": "{",
    "LCURLY": "{",
    "RPAR": ")",
    "RSQB": "]",
    "RBRACE": "}",
    "RCURLY": "}",
}


class Cut(NamedTuple):
    """A place between two items: the offset of the next token among those that were scanned and among those laid out, how many mistakes had
    been met, how many blocks are open, and how deep brackets have been inside one another since the place before."""

    scanned: int
    laid: int
    mistakes: int
    depth: int
    deepest: int


class Laid(NamedTuple):
    """What was laid out between two cuts that have the same blocks open, without a mistake: the same in whatever blocks it stands, as long as
    `_fits` says so. `deepest` counts from where it starts; `of_a_file` says that it has items that stand in no block."""

    tokens: list[Token]
    docs: dict[int, str]
    deepest: int
    of_a_file: bool


class Layout:
    """Turns scanned tokens into those of the parser. `docs` maps the offset of an item to its `##` text."""

    def __init__(
        self, tokens: list[Token], report: Report, end: int, words: Words = NO_KINDS, deepest: int = DEEPEST
    ) -> None:
        self.tokens, self.report, self.words, self.deepest = tokens, report, words.terminals, deepest
        self.out: list[Token] = []
        self.docs: dict[int, str] = {}
        self.open: list[Token] = []
        self.depths = [0]
        self.doc: list[str] = []
        self.after_doc = 0
        """Line ends since the last comment: a blank line parts a doc from what follows, a `;` does not."""
        self.fresh = True
        self.item = ""
        """What kind of token began the current item, and for each open bracket the item that opened it."""
        self.owners: list[str] = []
        self.end = end
        self.junk = -1
        """Where the last character without meaning ended."""
        self.unfinished: Span | None = None
        """The bracket that the end of the file found open."""
        self.parts = False
        """Whether the places where items part are asked for."""
        self.cuts: list[Cut] = []
        self.known: Mapping[int, tuple[Laid, int]] = {}
        """By the offset of a cut: what was laid out there before, and the cut after it."""
        self.deepest_yet = 0

    def run(self) -> list[Token]:
        self.lay_out()
        self._close_all()
        return self.out

    def lay_out(self) -> None:
        """All tokens, without the end of the text: what is open there is still in `open`."""
        at = self._cut(0) if self.parts else 0
        tokens, count, out = self.tokens, len(self.tokens), self.out
        while at < count:
            token = tokens[at]
            kind = token[0]
            if kind in _PASSED_ON and not self.fresh and not self.doc:
                out.append(token)
            elif kind == "NL":
                self._newline(token, at)
                if self.parts and token.text == "\n" and self._ends_a_part(at):
                    at = self._cut(at + 1)
                    continue
            elif kind == "COMMENT":
                self._comment(token)
            elif kind in ("JUNK", "OPEN", "DEEP", "QUOTED", "UNENDED", "UNENDED_LONG", "WRONG_NUMBER"):
                self._wrong(token)
            else:
                self._plain(token, at)
            at += 1

    def _ends_a_part(self, at: int) -> bool:
        """Whether one item ends here and another may begin, so that what follows is laid out in the same way whatever stands before. That is
        asked for in a file and a workflow, and where one of their items stands in a block because of a bracket that is wrong."""
        if self.doc or not self.open:
            return not self.doc
        owner = self.owners[-1]
        if self.open[-1].kind != "LBRACE" or owner == "TASK":
            return False
        return owner == "WORKFLOW" or owner not in _HOLDERS or self._declares(at)

    def _cut(self, at: int) -> int:
        """Notes a place between two items, and takes those that follow as far as they are known. Where to go on."""
        while True:
            self.cuts.append(Cut(at, len(self.out), self.report.mistakes, len(self.open), self.deepest_yet))
            self.deepest_yet = 0
            known = self.known.get(at)
            if known is None or not self._fits(known[0]):
                return at
            laid, at = known
            self.out += laid.tokens
            self.docs.update(laid.docs)

    def _fits(self, laid: Laid) -> bool:
        """Whether all would be laid out here as it was. A task would close a task that is open, but there is no cut in one."""
        return len(self.open) + laid.deepest < self.deepest and not (laid.of_a_file and self.open)

    def laid(self, start: Cut, end: Cut) -> Laid:
        """What is between two cuts that follow one another."""
        tokens = self.out[start.laid : end.laid]
        docs = {token.start: self.docs[token.start] for token in tokens if token.start in self.docs}
        return Laid(tokens, docs, end.deepest - start.depth, any(token.kind in _OF_A_FILE for token in tokens))

    def _plain(self, token: Token, at: int) -> None:
        kind = token.kind
        if kind == "NAME" and self.fresh and token.text in self.words and self._is_block_word(at):
            token = Token(self.words[token.text], token.text, token.start, token.end)
            self._close_forgotten(token)
        elif kind == "LBRACE" and self._is_record():
            token = Token("LCURLY", token.text, token.start, token.end)
        elif kind in _CLOSERS:
            self._close(token)
            return
        if self.doc:
            self.docs[token.start] = "\n".join(self.doc)
            self.doc = []
        if self.fresh:
            self.item = token.kind
        self.fresh = token.kind == "LBRACE"
        self._deepen(token)
        if token.kind in _OPENERS:
            self.owners.append(self.item)
            self.open.append(token)
            self.depths.append(self.depths[-1])
        self.out.append(token)

    def _close_forgotten(self, token: Token) -> None:
        """Tasks do not nest, and what belongs to a file stands in no block: so a `}` was forgotten before this."""
        first = True
        while self.open and self.open[-1].kind == "LBRACE" and self._cannot_hold(self.owners[-1], token.kind):
            if first:
                self._unclosed(self.open[-1], token)
            else:
                self.out.append(Token("RBRACE", "}", token.start, token.start))
            first = False
            self._pop()
            self.out.append(Token("NL", "", token.start, token.start))

    @staticmethod
    def _cannot_hold(owner: str, kind: str) -> bool:
        return kind in _OF_A_FILE or (owner == "TASK" and kind == "TASK")

    def _pop(self) -> None:
        self.open.pop()
        self.owners.pop()
        self.depths.pop()

    def _deepen(self, token: Token) -> None:
        """The depth of a bracket is its own and what its operators have built since the last comma or newline. A line break changes nothing
        about it, so that a file that is accepted still is when it is formatted; and a block is not inside the `when` before its `{`."""
        if token.kind in ("COMMA", "LBRACE"):
            self._shallow()
        if token.kind in _DEEPENING:
            self.depths[-1] += 1
            self.deepest_yet = max(self.deepest_yet, self.depths[-1])
            if self.depths[-1] == self.deepest:
                hint = "give a part of it a name, with `in name: type = ...`, and use the name"
                self.report.error(
                    "FLOW105", "this is nested too deeply", token.span, f"deeper than {self.deepest}", hint
                )

    def _shallow(self) -> None:
        """As deep as the bracket around."""
        self.depths[-1] = self.depths[-2] if len(self.depths) > 1 else 0

    def _newline(self, token: Token, at: int) -> None:
        if token.text == "\n" and self.doc:
            self.after_doc += 1
            if self.after_doc > 1:
                self.doc = []
        if self.open and self.open[-1].kind != "LBRACE":
            if not self._abandoned(at):
                return
            self._unclosed(self.open[-1], token)
            self._pop()
            while self.open and self.open[-1].kind != "LBRACE":
                self.out.append(self._closer(token.start))
                self._pop()
        self._end_item(token)

    def _end_item(self, token: Token) -> None:
        self._shallow()
        self.fresh = True
        if self.out and self.out[-1].kind not in ("NL", "LBRACE"):
            self.out.append(Token("NL", token.text, token.start, token.end))

    def _abandoned(self, at: int) -> bool:
        """A `;`, or a line that starts like `task name`, cannot be inside brackets: whoever opened them forgot to close them."""
        return self.tokens[at].text == ";" or self._declares(at)

    def _declares(self, at: int) -> bool:
        """Whether the line that follows starts like `task name`."""
        rest = [t for t in self.tokens[at + 1 : at + 8] if t.kind not in ("NL", "COMMENT")][:3]
        if len(rest) < 3 or rest[0].text not in _DECLARES or rest[1].kind not in ("NAME", "STRING"):
            return False
        return rest[2].kind in _AFTER_A_NAME or (rest[0].text in ("type", "policy") and rest[2].kind == "ASSIGN")

    def _close(self, token: Token) -> None:
        while self.open and _OPENERS[self.open[-1].kind] != token.kind and not self._closes_record(token):
            if not self._encloses(token):
                break
            self._unclosed(self.open[-1], token)
            self._pop()
        opener = self.open[-1] if self.open else None
        if opener is None or (_OPENERS[opener.kind] != token.kind and not self._closes_record(token)):
            self._stray(token, opener)
            return
        if opener.kind == "LBRACE":
            self._end_item(Token(token.kind, token.text, token.start, token.start))
        self._pop()
        self.fresh = False
        self.doc = []
        self.out.append(Token(_OPENERS[opener.kind], token.text, token.start, token.end))

    def _closes_record(self, token: Token) -> bool:
        return token.kind == "RBRACE" and self.open[-1].kind == "LCURLY"

    def _encloses(self, token: Token) -> bool:
        """Whether an outer bracket waits for this closer; a `)` or `]` never closes a block."""
        for opener in reversed(self.open):
            if _OPENERS[opener.kind] == token.kind or (token.kind == "RBRACE" and opener.kind == "LCURLY"):
                return True
            if opener.kind == "LBRACE":
                return False
        return False

    def _stray(self, token: Token, opener: Token | None) -> None:
        shown = _SHOWN[token.kind]
        if opener is None:
            self.report.error(
                "FLOW104",
                f"this `{shown}` closes nothing",
                token.span,
                "",
                f"remove the `{shown}`, or open what it closes",
            )
        else:
            closer = _SHOWN[_OPENERS[opener.kind]]
            opened = (Label(opener.span, "this is open"),)
            hint = f"remove the `{shown}`; what is open here ends with `{closer}`"
            self.report.error("FLOW104", f"this `{shown}` closes nothing", token.span, "", hint, opened)

    def _unclosed(self, opener: Token, found: Token) -> None:
        shown, closer = _SHOWN[opener.kind], _SHOWN[_OPENERS[opener.kind]]
        end = Span(found.start, max(found.end, found.start + 1))
        before = (Label(end, f"`{closer}` is missing before this"),) if found.kind not in ("NL", "END") else ()
        where = "before what is marked" if before else "where what it holds ends"
        hint = f"add a `{closer}` {where}"
        self.report.error("FLOW104", f"this `{shown}` is never closed", opener.span, "opened here", hint, before)
        self.out.append(Token(_OPENERS[opener.kind], closer, found.start, found.start))

    def _closer(self, at: int) -> Token:
        """What is missing for the innermost bracket, put in without a word."""
        kind = _OPENERS[self.open[-1].kind]
        return Token(kind, _SHOWN[kind], at, at)

    def _close_all(self) -> None:
        """One report for all the brackets that the end of the file finds open: the innermost is where the writer was."""
        last = Token("END", "", self.end, self.end)
        if self.open:
            failed = self.report.failed
            while self.open:
                opener = self.open[-1]
                if opener.kind == "LBRACE":
                    self._end_item(last)
                closer = self._closer(self.end)
                self._pop()
                if not failed:
                    self._unclosed(opener, last)
                    self.unfinished = opener.span
                    failed = True
                else:
                    self.report.mistakes += 1
                    self.out.append(closer)
        self._end_item(last)
        self.out.append(last)

    def _comment(self, token: Token) -> None:
        text = token.text.rstrip("\r")
        self.after_doc = 0
        if text.startswith("##") and not text.startswith("###"):
            self.doc.append(text[2:].removeprefix(" ").rstrip())

    def _is_record(self) -> bool:
        """Inside other brackets there are only records, whatever stands before."""
        if self.open and self.open[-1].kind != "LBRACE":
            return True
        if not self.out:
            return not self.fresh  # an expression begins with it
        return self.out[-1].kind in BEFORE_A_SIGN

    def _is_block_word(self, at: int) -> bool:
        following = self.tokens[at + 1].kind if at + 1 < len(self.tokens) else "END"
        if self.open and self.open[-1].kind != "LBRACE":
            return False
        return following not in _NOT_AFTER_A_WORD

    def _wrong(self, token: Token) -> None:
        """Told once and left out; a text or number stands in, so that the parser does not stumble over the same place."""
        if token.kind in ("UNENDED", "UNENDED_LONG"):
            mark = token.text[:3] if token.text[:3] in ('"""', "'''") else '"'
            first = Span(token.start, token.start + len(mark))
            span = first if len(mark) == 3 else token.span
            hint = f"add {mark} where the text ends"
            if mark == '"':
                hint += '; a text of several lines stands between """ and """'
            self.report.error(
                "FLOW103", f"this text never ends: its closing {mark} is missing", span, "starts here", hint
            )
            self._plain(Token("STRING", '""', token.start, token.end), len(self.tokens))
        elif token.kind == "DEEP":
            hint = "give a part of it a name, with `in name: type = ...`, and use the name"
            self.report.error("FLOW105", "this text is nested too deeply", Span(token.start, token.start + 1), "", hint)
            self._plain(Token("STRING", '""', token.start, token.start + 2), len(self.tokens))
        elif token.kind == "OPEN":
            self._open_interpolation(token)
        elif token.kind == "QUOTED":
            hint = f'write "{token.text[1:-1]}"'
            self.report.error("FLOW102", "texts stand in double quotes", token.span, "", hint)
            self._plain(Token("STRING", '""', token.start, token.end), len(self.tokens))
        elif token.kind == "WRONG_NUMBER":
            unit = re.fullmatch(r"([\d_]+)([A-Za-z]+)", token.text)
            hint = _NUMBERS
            if unit is not None and unit[2] in UNITS:
                hint = f"did you mean `{unit[1]}{UNITS[unit[2]]}`?"
            self.report.error("FLOW107", f"`{token.text}` is not a number, a duration or a size", token.span, "", hint)
            self._plain(Token("INT", "0", token.start, token.end), len(self.tokens))
        else:
            self._junk(token)

    def _open_interpolation(self, token: Token) -> None:
        at = token.start + token.text.index("~{")
        hint = "add the missing `}` or quote; a `~{` that is meant as text is written `~~{`"
        self.report.error("FLOW108", "this `~{` has no end inside its text", Span(at, at + 2), "starts here", hint)
        self._plain(Token("STRING", '""', token.start, token.end), len(self.tokens))

    def _junk(self, token: Token) -> None:
        if self.junk == token.start:
            self.junk = token.end  # goes on from the one before, which was told
            return
        self.junk = token.end
        begins = bool(self.out) and self.out[-1].kind == "NL"
        shown = token.text if token.text.isprintable() else f"U+{ord(token.text):04X}"
        message = f"the character `{shown}` has no meaning here"
        self.report.error("FLOW102", message, token.span, "", meant(token.text, begins))

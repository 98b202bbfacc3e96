"""The LALR parser: drives the tables of the grammar, builds the tree as it goes, and carries on after an error.

Recovery is the classic one with an error token: forget the unfinished item, put ERROR in its place, skip to where the next item or a
block can begin, and go on. So each wrong item is told once, and what stands in its block is still read.
"""

from collections.abc import Callable
from typing import Any

from flow_lang.diagnostics import Report, Span
from flow_lang.syntax.expected import explain_token
from flow_lang.syntax.grammar.load import load
from flow_lang.syntax.grammar.tables import Rule, Tables
from flow_lang.syntax.lexer import Token
from flow_lang.syntax.remedies import Place
from flow_lang.syntax.words import NO_KINDS, Words

Build = Callable[[list[Any], Span], Any]
"""Makes the value of a rule from the values of its parts and the span that they cover."""

_new = tuple.__new__
"""Makes a span; a file has a hundred thousand, and the constructor of a named tuple takes three times as long."""

MOST_ERRORS = 50
OVER = -1


class Parser:
    """One parse. `start` is `file` or `expr`; `builders` maps a rule's alias to what builds its value."""

    def __init__(self, start: str, builders: dict[str, Build], report: Report, words: Words = NO_KINDS) -> None:
        self.tables: Tables = load()
        self.report, self.words = report, words
        self.builders = builders
        self.final = self.tables.end[start]
        self.states = [self.tables.start[start]]
        self.values: list[Any] = []
        self.spans: list[Span] = []
        self.value: Any = None
        self.errors = 0
        self.headings: set[Span] = set()
        """Where a heading of a workflow or type is wrong, so that what follows is not read as what it is."""

    def parse(self, tokens: list[Token]) -> Any:
        """The value of the start rule, or None where there was an error that left none."""
        self.advance(tokens, 0, len(tokens))
        return self.value

    def advance(self, tokens: list[Token], at: int, end: int) -> int:
        """Reads `tokens[at:end]`. Where to go on, which after an error may be beyond `end`; OVER where nothing more is read."""
        while (at := self._run(tokens, at, end)) < end:
            token = tokens[at]
            if token.kind == "END" and self.states[-1] == self.final:
                self.value = self.values[-1] if self.values else None
                return OVER
            self.errors += 1
            inside = self._inside()
            explain_token(self.report, Place(tokens, at, self._expected(), inside, self.words))
            if self.report.diagnostics and any(loose.kind in ("WORKFLOW", "TYPE") for loose in inside):
                self.headings.add(self.report.diagnostics[-1].primary.span)
            if self.errors >= MOST_ERRORS or not self._recover(token):
                return OVER
            at = self._resume(tokens, at)
        return at

    def _run(self, tokens: list[Token], at: int, end: int) -> int:
        """Reduces as often as each token asks, and shifts it. Where it stops: at `end`, or before it at the end of the text or a token that
        cannot stand there. Half of a check's time is spent here, so it is one loop."""
        states, values, spans, builders = self.states, self.values, self.spans, self.builders
        _, rules, rows, _, _, passed = self.tables
        while at < end:
            token = tokens[at]
            kind = token[0] if token[0] != "END" else "$END"
            action = rows[states[-1]].get(kind)
            if action is None:
                break
            if action >= 0:
                states.append(action)
                values.append(token)
                spans.append(_new(Span, token[2:]))
                at += 1
                continue
            name, _, count, builder, passes = rules[-1 - action]
            if passes:
                key = (states[-2], states[-1], kind)
                states[-1] = passed.get(key) or self._pass(key)
            elif count == 1:  # as half of them are
                values[-1] = builders[builder](values[-1:], spans[-1])
                states[-1] = rows[states[-2]][name]
            else:
                self._reduce(rules[-1 - action], token[2])
        return at

    def before_item(self, kind: str) -> list[Any] | None:
        """Reduces what is complete before a token of that kind. The items of the block so far, to which more may be added; None where no
        item can stand."""
        kind = "$END" if kind == "END" else kind
        while "item" not in self.tables.states[self.states[-1]]:
            action = self.tables.states[self.states[-1]].get(kind)
            if action is None or action >= 0:
                return None
            self._reduce(self.tables.rules[-1 - action], self.spans[-1][1] if self.spans else 0)
        found: list[Any] = self.values[-1]
        return found

    def _pass(self, key: tuple[int, int, str]) -> int:
        """The state at the top after all reductions of one value to itself: `x` alone is a term, a sum, a comparison and so on.
        They depend on nothing but the two states at the top and the token, so each way is gone once in a process."""
        below, top, kind = key
        tables = self.tables
        while True:
            action = tables.states[top].get(kind)
            if action is None or action >= 0 or not tables.rules[-1 - action].passes:
                tables.passed[key] = top
                return top
            top = tables.states[below][tables.rules[-1 - action].name]

    def _reduce(self, rule: Rule, at: int) -> None:
        """`at` is where a rule without parts stands."""
        name, _, count, builder, _ = rule
        states, values, spans = self.states, self.values, self.spans
        if count:
            span = _new(Span, (spans[-count][0], spans[-1][1]))
            parts = values[-count:]
            del states[-count:], values[-count:], spans[-count:]
        else:
            span, parts = _new(Span, (at, at)), []
        values.append(self.builders[builder](parts, span))
        spans.append(span)
        states.append(self.tables.states[states[-1]][name])

    def _recover(self, token: Token) -> bool:
        """Pops to the nearest open block (or the file) and puts ERROR there."""
        closed = 0
        while self.states and (closed or "ERROR" not in self.tables.states[self.states[-1]]):
            self.states.pop()
            if not self.values:
                continue
            value = self.values.pop()
            self.spans.pop()
            if isinstance(value, Token):
                closed += (value.kind == "RBRACE") - (value.kind == "LBRACE" and closed > 0)
        return bool(self.states) and self._shift("ERROR", token)

    def _shift(self, kind: str, before: Token) -> bool:
        """Puts in a token that is not in the text; False where it cannot stand there."""
        return self._run([Token(kind, "", before.start, before.start)], 0, 1) == 1

    def _resume(self, tokens: list[Token], at: int) -> int:
        """The offset of the next token that can follow an item: a newline, a block, or the end of the block we are in."""
        depth = 0
        while tokens[at].kind not in ("NL", "LBRACE", "RBRACE", "END") or depth:
            if tokens[at].kind == "LCURLY":
                depth += 1
            elif tokens[at].kind == "RCURLY" and depth:
                depth -= 1
            elif tokens[at].kind == "END":
                break
            at += 1
        if tokens[at].kind in ("RBRACE", "END") and "NL" in self.tables.states[self.states[-1]]:
            self._shift("NL", tokens[at])
        return at

    def _expected(self) -> set[str]:
        """The terminals that can really come next: a table row alone promises some that a reduction then refuses."""
        row = self.tables.states[self.states[-1]]
        return {kind for kind in row if kind.isupper() or kind == "$END" if self._accepts(kind)}

    def _accepts(self, kind: str) -> bool:
        states, rules = list(self.states), self.tables.rules
        while True:
            action = self.tables.states[states[-1]].get(kind)
            if action is None:
                return False
            if action >= 0:
                return True
            rule = rules[-1 - action]
            if rule.length:
                del states[-rule.length :]
            states.append(self.tables.states[states[-1]][rule.name])

    def _inside(self) -> list[Token]:
        """The tokens of the unfinished item, within its block, that are not yet part of anything; oldest first."""
        loose: list[Token] = []
        for value in reversed(self.values):
            if isinstance(value, Token):
                if value.kind == "LBRACE":
                    break
                loose.append(value)
        return loose[::-1]

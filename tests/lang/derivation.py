"""Random programs of the grammar, and what holds for each. A campaign, longer than the test:

PYTHONPATH=tests python -m lang.derivation --cases 5000 --seed 7
"""

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import flow_lang.syntax.grammar
from flow_lang.checks.registry import all_words
from flow_lang.compile import compile_source
from flow_lang.diagnostics import Report, Span, to_dict
from flow_lang.format import format_source
from flow_lang.render import render
from flow_lang.source import Source
from flow_lang.syntax.build import parse_file
from flow_lang.syntax.grammar.load import load
from flow_lang.syntax.lexer import scan
from lang.programs import LOADER
from lang.stripping import stripped
from lark import Lark

GRAMMAR = (Path(flow_lang.syntax.grammar.__file__).parent / "flow.lark").read_text("utf-8")
LEXEMES = {
    "NAME": ("x", "day", "task", "größe", "_1", "all", "status", "test"),
    "INT": ("0", "1_000"),
    "FLOAT": ("0.5", "1.5e-3"),
    "DURATION": ("30s", "1h30m", "250ms"),
    "SIZE": ("0B", "64KiB"),
    "STRING": (
        '""',
        '"a ~{x} \\" ~~{"',
        '"~{f("b", { c = [1] })}"',
        '"~{count([{ a = "}~{x}" }])}"',
        '"https://x/~{day}"',
    ),
    "TRIPLE": ('"""\n  a ~{x}\n    b\n"""', '"""say "hi""""', '"""~{"a"}"""'),
    "RAW": ("'''\n  raw ~{x}\n'''", "'''return x'''"),
    "COMPARE": ("==", "<", ">="),
    "TIMES": ("*", "//", "%"),
    "SECTION": ("defaults", "undo", "limits", "finally"),
    "WORD": ("assert", "run", "dead_letter"),
    "KIND": tuple(all_words().kinds),
    "NL": ("\n", ";", "\n\n\n", "  # a note\n", "\n## a doc\n", "\r\n"),
    "LBRACE": ("{",),
    "LCURLY": ("{",),
    "RCURLY": ("}",),
    "RBRACE": ("}",),
}
_TEXTS = {name: pattern.replace("\\", "") for name, pattern in load().terminals}
_BREAKS = ("", "", "", "", "\n", " # inside\n")
_BROKEN = {
    (rule, "COMMA") for rule in ("param_list", "types", "arg_list", "exprs", "pair_list", "args", "list", "pairs")
}
"""What may stand after a comma inside brackets, and the rules that are inside some."""
Alternative = tuple[str, int]
"""A rule and the number of one of its expansions."""


class Grammar:
    """The expansions of each rule, without those of ERROR, which no text asks for."""

    def __init__(self) -> None:
        lark = Lark(GRAMMAR, parser="lalr", lexer="basic", start="file", maybe_placeholders=False)
        self.rules: dict[str, list[list[tuple[str, bool]]]] = {}
        for rule in lark.rules:
            symbols = [(symbol.name, symbol.is_term) for symbol in rule.expansion]
            if ("ERROR", True) not in symbols:
                self.rules.setdefault(rule.origin.name, []).append(symbols)

    def alternatives(self) -> set[Alternative]:
        return {(name, at) for name, options in self.rules.items() for at in range(len(options))}

    def routes(self) -> dict[Alternative, tuple[Alternative, ...]]:
        """For each alternative the shortest way to it from an item."""
        ways: dict[str, tuple[Alternative, ...]] = {"item": ()}
        pending = ["item"]
        while pending:
            name = pending.pop(0)
            for at, symbols in enumerate(self.rules[name]):
                for symbol, is_terminal in symbols:
                    if not is_terminal and symbol not in ways:
                        ways[symbol] = (*ways[name], (name, at))
                        pending.append(symbol)
        return {(name, at): (*ways.get(name, ()), (name, at)) for name, at in sorted(self.alternatives())}


class Derivation:
    """A random text. Deep down, the shortest expansion is chosen; `used` has the alternatives that were. `route` are alternatives that are
    chosen where their rules come up first, in this order."""

    def __init__(self, grammar: Grammar, dice: random.Random, route: tuple[Alternative, ...] = ()) -> None:
        self.rules, self.dice = grammar.rules, dice
        self.used: set[Alternative] = set()
        self.route = list(route)

    def program(self, items: int = 6) -> str:
        """The last alternative of `file` cannot be chosen from below, so it is counted here."""
        self.used |= {("file", 0)} | {("items", at) for at in range(len(self.rules["items"]))}
        words = [word for _ in range(items) for word in [*self.derive("item", 30), "\n"]]
        return " ".join(words)

    def derive(self, name: str, fuel: int, inside: str = "") -> list[str]:
        """`inside` is the word of the block around: the layout closes a block before what cannot stand in it."""
        options = list(enumerate(self.rules[name]))
        if name == "item" and inside:
            refused = {"FLOW", "TYPE", "POLICY", "WORKFLOW", "TEST", "TASK" if inside == "TASK" else ""}
            options = [(at, symbols) for at, symbols in options if symbols[0][0] not in refused]
        if fuel <= 0:
            options = [min(options, key=lambda one: (sum(not term for _, term in one[1]), len(one[1])))]
        if self.route and self.route[0][0] == name and (not inside or name != "item"):
            wanted = self.route.pop(0)[1]
            options = [(wanted, self.rules[name][wanted])]
        at, chosen = self.dice.choice(options)
        self.used.add((name, at))
        inside = chosen[0][0] if name == "item" else inside
        words: list[str] = []
        for symbol, is_terminal in chosen:
            if name == "pair" and symbol == "STRING":
                words.append('"key"')
            elif is_terminal:
                words.append(self._lexeme(symbol) + (self.dice.choice(_BREAKS) if (name, symbol) in _BROKEN else ""))
            else:
                words += self.derive(symbol, fuel - self.dice.randint(1, 4), inside)
        return words

    def _lexeme(self, kind: str) -> str:
        return self.dice.choice(LEXEMES.get(kind, (_TEXTS.get(kind, kind.lower()),)))


def complaints(text: str) -> Iterator[str]:
    """What does not hold for a text that the grammar derives."""
    report = Report("test.flow")
    tree = parse_file(Source("test.flow", text), report, all_words())
    syntax = [found for found in report.diagnostics if found.code != "FLOW105"]
    if syntax:
        yield f"it is not parsed: {syntax[0]}"
        return
    yield from _outside(tree, len(text))
    yield from answered(text)
    formatted, _ = format_source(Source("test.flow", text))
    if formatted is None:
        if not report.diagnostics:
            yield "it is not formatted, and nothing is said"
        return
    again = Report("test.flow")
    if stripped(parse_file(Source("test.flow", formatted), again, all_words())) != stripped(tree) or again.diagnostics:
        yield f"it means something else when it is formatted:\n{formatted}"
    if format_source(Source("test.flow", formatted))[0] != formatted:
        yield f"it is formatted otherwise the second time:\n{formatted}"
    if _comments(formatted) != _comments(text):
        yield f"it loses a comment:\n{formatted}"


def answered(text: str) -> Iterator[str]:
    """What does not hold for the answer to any text."""
    found = compile_source(Source("test.flow", text), LOADER)
    if (found.plan is None) != any(diagnostic.is_error for diagnostic in found.diagnostics):
        yield "there is a plan and an error, or neither"
    shown = render(found.diagnostics, found.sources)
    if not all(char == "\n" or char.isprintable() for char in shown):
        yield f"something that cannot be printed is shown: {shown!r}"
    for diagnostic in found.diagnostics:
        start, end = diagnostic.primary.span
        if not diagnostic.hint or not 0 <= start <= end <= len(text) + 1:
            yield f"no hint, or no place in the text: {diagnostic}"
        elif end and to_dict(diagnostic, found.sources).get("line", 0) < 1:
            yield f"no line: {diagnostic}"


def _outside(node: object, length: int) -> Iterator[str]:
    """Spans that are not in the text."""
    if isinstance(node, Span):
        if not 0 <= node.start <= node.end <= length:
            yield f"a span is outside of the text: {node}"
    elif isinstance(node, tuple | list):
        for part in node:
            yield from _outside(part, length)


def _comments(text: str) -> list[str]:
    return [token.text.rstrip() for token in scan(text) if token.kind == "COMMENT"]


def damaged(text: str, dice: random.Random) -> str:
    """The text with some of its bytes changed, read as Latin-1 so that any bytes are a text."""
    data = bytearray(text.encode("utf-8"))
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data) + 1)
        cut = dice.choice((0, 0, 1, 1, 3, 20))
        data[at : at + cut] = bytes(dice.randrange(256) for _ in range(dice.choice((0, 1, 1, 2, 8))))
    return data.decode(dice.choice(("latin-1", "latin-1", "utf-8")), "replace")


def campaign(cases: int, seed: int) -> int:
    """Prints what does not hold, and how much of the grammar was covered; 1 where something is wrong."""
    grammar, used, wrong = Grammar(), set[Alternative](), 0
    for case in range(cases):
        dice = random.Random(f"{seed}/{case}")
        derivation = Derivation(grammar, dice)
        text = derivation.program()
        used |= derivation.used
        for complaint in (*complaints(text), *(f"damaged: {one}" for one in answered(damaged(text, dice)))):
            wrong += 1
            print(f"seed {seed}, case {case}: {complaint}\n{text}\n")
    every = grammar.alternatives()
    for name, at in sorted(every - used):
        wrong += 1
        print(f"never derived: {name}: {' '.join(symbol for symbol, _ in grammar.rules[name][at])}")
    print(
        f"seed {seed}: {cases} programs, {len(used & every)} of {len(every)} alternatives of the grammar, {wrong} complaints"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cases", type=int, default=1000)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = options.parse_args()
    sys.exit(campaign(given.cases, given.seed))

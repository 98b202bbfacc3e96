"""Remedies for tokens in the wrong place, by what people coming from elsewhere are likely to have meant."""

import re
from collections.abc import Callable

from flow_lang.foreign import UNITS, WORDS
from flow_lang.named import NamedTuple
from flow_lang.syntax.lexer import Token
from flow_lang.syntax.words import Words
from flow_lang.types import SCALARS

_TYPES = frozenset((*SCALARS, "list", "map", "enum"))
_CLAUSES = frozenset(("WHEN", "FOR"))
_TEXT_GOES_ON = frozenset(("NAME", "INT", "STRING", "MINUS", "TIMES"))
_WAITS = frozenset(("after", "needs", "depends_on", "requires", "depends"))
_ENDS = frozenset(("NL", "LBRACE", "RBRACE"))


class Place(NamedTuple):
    """The token at `at` cannot stand there; `expected` could. `inside` are the loose tokens of the unfinished item."""

    tokens: list[Token]
    at: int
    expected: set[str]
    inside: list[Token]
    words: Words

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def before(self) -> Token | None:
        return self.tokens[self.at - 1] if self.at else None

    @property
    def after(self) -> Token | None:
        return self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None

    @property
    def earlier(self) -> "Place":
        """The place of the token before."""
        return self._replace(at=self.at - 1, expected=set(), inside=[])

    @property
    def starts_item(self) -> bool:
        return self.before is None or self.before.kind in ("NL", "LBRACE")

    def item(self) -> list[Token]:
        """The tokens of the item before this one."""
        first = self.at
        while first and self.tokens[first - 1].kind not in _ENDS:
            first -= 1
        return self.tokens[first : self.at]

    def has(self, *kinds: str) -> bool:
        return any(token.kind in kinds for token in self.item())


def remedy(place: Place) -> str:
    """A hint, or "" where nothing special is known."""
    return next((found for rule in _RULES if (found := rule(place))), "")


def word_remedy(word: str) -> str:
    """For a word that begins an item and is none of the language's."""
    return WORDS.get(word, "")


def _comment(place: Place) -> str:
    follows = place.after is not None and place.after.text in ("*", "/")
    if place.token.text == "//" or (place.token.text == "/" and follows):
        return "a comment begins with `#`"
    return ""


def _first_word(place: Place) -> str:
    if not place.starts_item:
        return ""
    if place.token.text == "-":
        return "items have no dash; a task is written: task name { ... }"
    return word_remedy(place.token.text)


def _heading(place: Place) -> str:
    after = place.after
    if place.token.kind == "NL" and "LBRACE" in place.expected and after and after.kind in (*_CLAUSES, "ARROW"):
        return (
            f"a heading stands on one line: put the `{after.text}` there too; a long condition goes over several in ( )"
        )
    if place.starts_item and place.token.kind == "WHEN":
        return "a condition stands in the heading, on the line of its task; a long one goes over several lines in ( )"
    return ""


def _else(place: Place) -> str:
    before = place.before
    if place.token.text in ("else", "elif") and before is not None and before.kind == "RBRACE":
        return word_remedy("else")
    return ""


def _labelled(place: Place) -> str:
    before = place.before
    if place.token.kind != "COLON" or before is None or not place.earlier.starts_item:
        return ""
    if _body_example(place):
        return ""
    return f"`{before.text}` takes no `:`" if before.text in place.words.terminals else word_remedy(before.text)


def _body(place: Place) -> str:
    token, example = place.token, _body_example(place)
    if example and token.kind in ("COLON", "ASSIGN"):
        return f"a body has no `{token.text}`: {example}"
    if example and token.kind == "LPAR":
        return f"a body has no parentheses: {example}"
    return ""


def _body_example(place: Place) -> str:
    """How the body is written whose word stands before the token."""
    word = place.before.text if place.before is not None else ""
    if word in place.words.kinds:
        return place.words.kinds[word].example
    return "call score(table)" if word == "call" else ""


def _prefixed_text(place: Place) -> str:
    token, after = place.token, place.after
    if token.text not in ("f", "r", "b", "rf", "fr") or after is None or after.start != token.end:
        return ""
    return f"leave the `{token.text}` out: a value stands in any text as ~{{name}}"


def _prefix(place: Place) -> str:
    """`f"..."` as a value, where the `f` has been taken for a name."""
    before = place.before
    if before is None or place.token.kind not in ("STRING", "TRIPLE", "RAW") or before.end != place.token.start:
        return ""
    return _prefixed_text(place.earlier)


def _range(place: Place) -> str:
    before = place.before
    if place.token.text != "." or before is None or before.text != "." or before.end != place.token.start:
        return ""
    return "a list of numbers is made by range: range(0, 3) is 0, 1 and 2"


def _order(place: Place) -> str:
    if place.token.text in _WAITS and "LBRACE" in place.expected and place.inside and place.inside[0].kind == "TASK":
        return "what a task waits for stands inside its braces: task publish { after [fetch]; ... }"
    return ""


def _quote_in_text(place: Place) -> str:
    before = place.before
    if (
        before is not None
        and before.kind == "STRING"
        and before.end == place.token.start
        and place.token.kind in _TEXT_GOES_ON
    ):
        return 'the text ends before this; inside a text a quote is \\", and in """long texts""" it needs nothing'
    return ""


def _arrow(place: Place) -> str:
    after = place.after
    if place.before is not None and place.before.kind == "ARROW":
        return "after the `->` stands the type of the result, as in -> str; without a result, leave the `->` out"
    if "ARROW" not in place.expected:
        return ""
    if place.token.text in _TYPES:
        return f"the result stands after an arrow: -> {place.token.text}"
    if place.token.kind == "COLON" and after is not None and after.kind == "NAME":
        return f"the result stands after an arrow: -> {after.text}"
    return ""


def _task_parameters(place: Place) -> str:
    if place.token.kind == "LPAR" and place.inside and place.inside[0].kind == "TASK":
        return "a task takes no parameters: it uses names of the workflow, or has an input: in name: str = value"
    return ""


def _name(place: Place) -> str:
    before, after, token = place.before, place.after, place.token
    if before is not None and after is not None and token.kind == "MINUS" and before.kind == "NAME":
        adjacent = before.end == token.start and after.start == token.end
        if adjacent and place.expected & {"LBRACE", "ASSIGN"}:
            return f"a name has letters, digits and `_`: {before.text}_{after.text}"
    if token.kind == "STRING" and "NAME" in place.expected and re.fullmatch(r'"[^\W\d]\w*"', token.text):
        return f"a name stands without quotes: {token.text[1:-1]}"
    return ""


def _type(place: Place) -> str:
    before, token = place.before, place.token
    if before is None:
        return ""
    if token.text == "<" and before.text in ("list", "map", "List", "Map", "dict", "array"):
        return "what it holds stands in square brackets: list[str], map[str, int]"
    if token.kind == "RSQB" and before.kind == "LSQB" and place.at > 1 and place.tokens[place.at - 2].text in _TYPES:
        return f"write list[{place.tokens[place.at - 2].text}]"
    if token.kind == "NAME" and before.text in _TYPES and "COLON" in place.expected:
        return f"first the name, then the type: {token.text}: {before.text}"
    return ""


def _comparison(place: Place) -> str:
    if place.token.kind == "ASSIGN" and place.has(*_CLAUSES):
        return "equality is written `==`"
    if place.token.kind == "COMPARE" and place.has("COMPARE"):
        return "comparisons do not chain: write a < b and b < c"
    if place.token.text == ">" and place.after is not None and place.after.text == ">":
        first, *_ = [*place.item(), place.token]
        last = place.tokens[place.at + 2].text if place.at + 2 < len(place.tokens) else "publish"
        return f"order is written in the task that waits: task {last} {{ after [{first.text}]; ... }}"
    return ""


def _choice(place: Place) -> str:
    if place.starts_item or place.token.text not in ("?", "if"):
        return ""
    return "no value is chosen by a condition; a task has `when`, and `a ?? b` is b where a is absent"


def _comprehension(place: Place) -> str:
    if place.token.kind == "FOR" and place.expected & {"RSQB", "RPAR", "RCURLY"}:
        return "a task runs `for` each element; a list is made from another in a Python body"
    return ""


def _list(place: Place) -> str:
    if (
        place.token.kind == "COMMA"
        and "ASSIGN" in place.expected
        and place.before is not None
        and place.before.kind == "STRING"
    ):
        return "a list is written [a, b]; braces hold a record: { name = value }"
    return ""


def _unit(place: Place) -> str:
    before, token = place.before, place.token
    if before is not None and before.kind in ("INT", "FLOAT") and token.text in UNITS:
        return f"number and unit are one word: {before.text}{UNITS[token.text]}"
    return ""


def _value(place: Place) -> str:
    before = place.before
    if place.token.kind == "NL" and before is not None and place.expected >= {"NAME", "STRING", "INT", "TRUE"}:
        return f"write a value after the `{before.text}`" if before.kind not in place.words.terminals.values() else ""
    return ""


_RULES: tuple[Callable[[Place], str], ...] = (
    _comment,
    _first_word,
    _heading,
    _else,
    _labelled,
    _body,
    _prefixed_text,
    _prefix,
    _range,
    _order,
    _list,
    _quote_in_text,
    _arrow,
    _task_parameters,
    _name,
    _type,
    _comparison,
    _choice,
    _comprehension,
    _unit,
    _value,
)

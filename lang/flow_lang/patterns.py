"""Regular expressions that take time linear in the text, whatever the pattern and the text are: `matches`.

Python's own search goes back and tries again, which takes for ever with a pattern such as `(a|a)*$`; an engine with other runs cannot wait
for that. Here a pattern is a graph of states, and a text is read once with the set of all states that it may be in (Thompson's construction;
each set is worked out when it is first met). So there is nothing that needs memory of what was matched: no references to groups, and no
looking ahead or behind. All else is as in Python's `re`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

LONGEST = 1000
"""Characters of a pattern."""
MOST_STATES = 10_000
"""Of a pattern, with its repetitions written out."""
_KEPT = 5_000
"""Steps that are remembered for one pattern."""


class BadPattern(ValueError):
    """A text that is no pattern, or one that is not linear."""


class Char(NamedTuple):
    """A character that `takes` it leads to the state `to`."""

    takes: Callable[[str], bool]
    to: int


class Empty(NamedTuple):
    """Leads on without a character: where `where` is "" or holds here (`^`, `$`, `Z`, `b`, `B`, and `m^`, `m$` at each line)."""

    where: str
    to: int


class Graph(NamedTuple):
    """`edges` by state; it begins in 0 and matches when `final` is reached."""

    edges: list[list[Char | Empty]]
    final: int


def found(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text. Raises BadPattern."""
    return _matcher(pattern).search(text)


@lru_cache(maxsize=64)
def _matcher(pattern: str) -> "Matcher":
    from flow_lang.pattern_parser import graph_of

    return Matcher(graph_of(pattern))


def is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


class Matcher:
    """Reads texts with one graph, and remembers the steps that it has worked out."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps: dict[tuple[frozenset[int], str, str, str], frozenset[int] | None] = {}

    def search(self, text: str) -> bool:
        states: frozenset[int] = frozenset()
        before = ""
        for at, char in enumerate(text):
            after = "last" if char == "\n" and at == len(text) - 1 else ""
            step = self._step(states, before, char, after)
            if step is None:
                return True
            states, before = step, char
        return self.graph.final in self._reached(states, before, "", "")

    def _step(self, states: frozenset[int], before: str, char: str, after: str) -> frozenset[int] | None:
        """The states after `char`; None where the pattern has matched before it."""
        key = (states, "" if not before else "\n" if before == "\n" else "w" if is_word(before) else ".", char, after)
        if key not in self.steps:
            if len(self.steps) >= _KEPT:
                self.steps.clear()
            self.steps[key] = self._made(states, before, char, after)
        return self.steps[key]

    def _made(self, states: frozenset[int], before: str, char: str, after: str) -> frozenset[int] | None:
        reached = self._reached(states, before, char, after)
        if self.graph.final in reached:
            return None
        edges = self.graph.edges
        return frozenset(
            edge.to for state in reached for edge in edges[state] if isinstance(edge, Char) and edge.takes(char)
        )

    def _reached(self, states: Iterable[int], before: str, char: str, after: str) -> set[int]:
        """The states and those that lead on from them without a character, also from the beginning: a match may begin anywhere."""
        reached = {0, *states}
        pending = list(reached)
        while pending:
            for edge in self.graph.edges[pending.pop()]:
                if isinstance(edge, Empty) and edge.to not in reached and _holds(edge.where, before, char, after):
                    reached.add(edge.to)
                    pending.append(edge.to)
        return reached


def _holds(where: str, before: str, char: str, after: str) -> bool:
    """Whether this is such a place. `before` and `char` are the characters around it, "" at the ends of the text."""
    if where == "":
        return True
    if where == "^":
        return before == ""
    if where == "$":
        return char == "" or after == "last"
    if where == "Z":
        return char == ""
    if where == "m^":
        return before in ("", "\n")
    if where == "m$":
        return char in ("", "\n")
    edge = (before != "" and is_word(before)) != (char != "" and is_word(char))
    return edge == (where == "b")

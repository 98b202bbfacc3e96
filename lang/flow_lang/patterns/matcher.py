"""Regular expressions that take time linear in the text, whatever the pattern and the text are: `matches`.

Python's own search goes back and tries again, which takes for ever with a pattern such as `(a|a)*$`; an engine with other runs cannot wait
for that. Here a pattern is a graph of states, and a text is read once with the set of all states that it may be in (Thompson's construction;
each set is worked out when it is first met). So there is nothing that needs memory of what was matched: no references to groups, and no
looking ahead or behind. All else is as in Python's `re`.
"""

from collections.abc import Iterable
from functools import lru_cache

from flow_lang.patterns.graph import Char, Empty, Graph, is_word
from flow_lang.patterns.parser import graph_of

_KEPT = 5_000
"""Steps that are remembered for one pattern."""


def found(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text. Raises BadPattern."""
    return _matcher(pattern).search(text)


@lru_cache(maxsize=64)
def _matcher(pattern: str) -> "Matcher":
    return Matcher(graph_of(pattern))


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

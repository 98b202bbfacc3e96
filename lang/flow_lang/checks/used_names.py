"""The names that a file uses in its expressions and types, kept for its next version."""

from collections.abc import Iterator
from typing import Any

from flow_lang.diagnostics import Span
from flow_lang.syntax import tree


class UsedNames:
    """Those of each item of one file. An item that a new version has taken over is not walked again."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, frozenset[str]]] = {}
        """By the identity of a part of the tree, which is held so that no other gets it."""

    def of(self, file: tree.File) -> set[str]:
        kept, self._kept = self._kept, {}
        for part in _parts(file):
            found = kept.get(id(part))
            self._kept[id(part)] = found if found is not None else (part, frozenset(named(part)))
        return set().union(*(names for _, names in self._kept.values()))


def _parts(file: tree.File) -> Iterator[Any]:
    for item in file.items:
        if isinstance(item, tree.WorkflowItem):
            yield from (item.params, item.result, *item.items)
        else:
            yield item


def named(node: Any) -> Iterator[str]:
    """Every name in the expressions and types of a part of the tree."""
    pending: list[Any] = [node]
    while pending:
        here = pending.pop()
        if isinstance(here, tree.Ref | tree.NamedType):
            yield here.name
        elif isinstance(here, tree.ForeignType):
            yield here.module.text
        elif isinstance(here, tuple) and not isinstance(here, Span):
            pending += here

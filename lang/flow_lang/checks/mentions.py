"""The names that a task mentions, before its types are checked: they make the edges of the graph."""

from collections.abc import Iterator

from flow_lang.checks.expressions.names import expression_names
from flow_lang.checks.kind import Kinds
from flow_lang.diagnostics import Span
from flow_lang.source import Lines
from flow_lang.syntax import tree


def task_names(task: tree.TaskItem, lines: Lines, kinds: Kinds) -> Iterator[tuple[str, Span]]:
    """Every name that a task mentions in its clauses and items, in the order of the text."""
    for clause in task.clauses:
        if isinstance(clause, tree.ForClause):
            for binding in clause.bindings:
                yield from expression_names(binding.source)
        elif isinstance(clause, tree.WhenClause):
            yield from expression_names(clause.condition)
    for item in task.items:
        yield from _item_names(item, lines, kinds)


def call_targets(items: tuple[tree.Item, ...]) -> Iterator[tree.Expr]:
    """What is called in items of a workflow or task, and in what is inside them."""
    for item in items:
        if isinstance(item, tree.CallBody):
            yield item.call.target
        elif isinstance(item, tree.CallItem) and isinstance(item.value, tree.Call):
            yield item.value.target
        elif isinstance(item, tree.TaskItem | tree.Section | tree.OnItem):
            yield from call_targets(item.items)


def _item_names(item: tree.Item, lines: Lines, kinds: Kinds) -> Iterator[tuple[str, Span]]:
    if isinstance(item, tree.KindBody):
        yield from kinds[item.word.text].mentions(item, lines)
    for value in _values(item):
        yield from expression_names(value)


def _values(item: tree.Item) -> list[tree.Expr]:
    """The expressions of an item that may use names of the workflow."""
    if isinstance(item, tree.Input | tree.After):
        return [item.value]
    if isinstance(item, tree.Setting):
        return [item.value] if item.name.text == "cache" else []
    if isinstance(item, tree.Output):
        return [item.path] if item.path is not None else []
    if isinstance(item, tree.WaitBody):
        return [item.value] if item.default is None else [item.value, item.default]
    if isinstance(item, tree.CallBody):
        return [argument.value for argument in item.call.args]
    return []

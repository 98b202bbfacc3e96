"""The names that a task mentions, before its types are checked: they make the edges of the graph."""

from collections.abc import Iterator

from flow_lang.checks.expressions.names import expression_names
from flow_lang.checks.python.body import place, read_python
from flow_lang.diagnostics import Span
from flow_lang.source import Lines
from flow_lang.syntax import tree


def task_names(task: tree.TaskItem, lines: Lines) -> Iterator[tuple[str, Span]]:
    """Every name that a task mentions in its clauses and items, in the order of the text."""
    for clause in task.clauses:
        if isinstance(clause, tree.ForClause):
            for binding in clause.bindings:
                yield from expression_names(binding.source)
        elif isinstance(clause, tree.WhenClause):
            yield from expression_names(clause.condition)
    for item in task.items:
        yield from _item_names(item, lines)


def _item_names(item: tree.Item, lines: Lines) -> Iterator[tuple[str, Span]]:
    if isinstance(item, tree.Input | tree.After):
        yield from expression_names(item.value)
    elif isinstance(item, tree.Output) and item.path is not None:
        yield from expression_names(item.path)
    elif isinstance(item, tree.HttpBody):
        yield from expression_names(item.url)
        for inner in item.items:
            if isinstance(inner, tree.Header | tree.Setting):
                yield from expression_names(inner.value)
    elif isinstance(item, tree.CallBody):
        for argument in item.call.args:
            yield from expression_names(argument.value)
    elif isinstance(item, tree.Body) and item.kind == "shell":
        yield from expression_names(item.text)
    elif isinstance(item, tree.Body):
        for name in read_python(item.text.plain or "").free:
            yield name.name, place(item.text, lines, name.line, name.column, len(name.name))

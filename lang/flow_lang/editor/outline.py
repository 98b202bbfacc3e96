"""The declarations of a file, one inside another, as an editor lists them."""

from flow_lang.checks.imports.files import FlowFile
from flow_lang.diagnostics import Span, in_file
from flow_lang.named import NamedTuple
from flow_lang.source import Lines
from flow_lang.syntax import tree

_NAMED = (
    tree.WorkflowItem
    | tree.TaskItem
    | tree.CallItem
    | tree.WaitItem
    | tree.SecretItem
    | tree.PoolItem
    | tree.RecordType
    | tree.TypeAliasItem
    | tree.Policy
)
_KINDS: dict[type, str] = {
    tree.WorkflowItem: "workflow",
    tree.TaskItem: "task",
    tree.CallItem: "call",
    tree.WaitItem: "wait",
    tree.SecretItem: "secret",
    tree.PoolItem: "pool",
    tree.RecordType: "type",
    tree.TypeAliasItem: "type",
    tree.Policy: "policy",
}


class Entry(NamedTuple):
    """`span` is all of it, `place` its name; both in the file."""

    kind: str
    name: str
    span: Span
    place: Span
    inside: tuple["Entry", ...] = ()


def outline(file: FlowFile) -> tuple[Entry, ...]:
    return _entries(file.tree.items, file.lines)


def _entries(items: tree.Items, lines: Lines) -> tuple[Entry, ...]:
    return tuple(entry for entry in (_entry(item, lines) for item in items) if entry is not None)


def _entry(item: tree.Item, lines: Lines) -> Entry | None:
    span = in_file(item.span, lines)
    if isinstance(item, _NAMED):
        holds = item.items if isinstance(item, tree.WorkflowItem) else ()
        place = in_file(item.name.span, lines)
        return Entry(_KINDS[type(item)], item.name.text, span, place, _entries(holds, lines))
    if isinstance(item, tree.TestItem):
        return Entry("test", item.title.plain or "test", span, in_file(item.title.span, lines))
    if isinstance(item, tree.OnItem):
        return Entry(
            "section", f"on {item.event.text}", span, in_file(item.word.span, lines), _entries(item.items, lines)
        )
    if isinstance(item, tree.Section) and item.word.text != "limits":
        place = in_file(item.word.span, lines)
        return Entry("section", item.word.text, span, place, _entries(item.items, lines))
    return None

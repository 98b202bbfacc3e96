"""Sorts the items of a task by kind, and says where those belong that stand in the wrong place."""

from flow_lang.checks.expressions.names import shown
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.named import NamedTuple
from flow_lang.syntax import tree

BodyItem = tree.KindBody | tree.CallBody | tree.WaitBody
_PLACES: dict[type[tree.Item], tuple[str, str]] = {
    tree.WorkflowItem: ("a workflow", "at the top of the file"),
    tree.TaskItem: ("a task", "in a workflow"),
    tree.RecordType: ("a type", "at the top of the file"),
    tree.TypeAliasItem: ("a type", "at the top of the file"),
    tree.Policy: ("a policy", "at the top of the file"),
    tree.Import: ("an import", "at the top of the file"),
    tree.FromImport: ("an import", "at the top of the file"),
    tree.Edition: ("`flow 1`", "on the first line of the file"),
    tree.Return: ("`return`", "at the end of a workflow"),
    tree.CallBody: ("a `call`", "in a task"),
    tree.Header: ("`header`", "in the block of an `http` body"),
    tree.TestItem: ("a `test`", "at the top of the file"),
    tree.Mock: ("`mock`", "in a `test`"),
    tree.Input: ("`in`", "in a task"),
    tree.Output: ("`out`", "in a task"),
    tree.After: ("`after`", "in a task"),
    tree.Setting: ("a setting", "in a workflow or a task"),
    tree.CallItem: ("a `call` with a name", "in a workflow"),
    tree.WaitItem: ("a `wait`", "in a workflow"),
    tree.SecretItem: ("a secret", "in a workflow"),
    tree.PoolItem: ("a pool", "in a workflow"),
    tree.OnItem: ("`on failure`", "in a workflow or a task"),
    tree.DeadLetter: ("`dead_letter`", "in the `on failure` of a task"),
}
_SECTIONS = {"defaults": "in a workflow", "finally": "in a workflow", "limits": "in a task", "undo": "in a task"}
_NAMED = (
    tree.TaskItem
    | tree.WorkflowItem
    | tree.Setting
    | tree.Input
    | tree.Output
    | tree.CallItem
    | tree.WaitItem
    | tree.SecretItem
    | tree.PoolItem
)


class Sorted(NamedTuple):
    bodies: list[BodyItem]
    inputs: list[tree.Input]
    outputs: list[tree.Output]
    after: list[tree.After]
    settings: list[tree.Setting]
    sections: list[tree.Section]
    handlers: list[tree.OnItem]


def sort_items(task: tree.TaskItem, report: Report, where: str = "a task") -> Sorted:
    found = Sorted([], [], [], [], [], [], [])
    for item in task.items:
        if isinstance(item, BodyItem):
            found.bodies.append(item)
        elif isinstance(item, tree.Input):
            found.inputs.append(item)
        elif isinstance(item, tree.Output):
            found.outputs.append(item)
        elif isinstance(item, tree.After):
            found.after.append(item)
        elif isinstance(item, tree.Setting):
            found.settings.append(item)
        elif isinstance(item, tree.Section) and item.word.text in ("limits", "undo"):
            found.sections.append(item)
        elif isinstance(item, tree.OnItem):
            found.handlers.append(item)
        elif isinstance(item, tree.Other):
            other_item(item, where, report)
        else:
            misplaced(item, where, report)
    if len(found.bodies) > 1:
        first = (Label(_word(found.bodies[0]), "the first is here"),)
        hint = "make a task of each; the second uses the result of the first"
        report.error("FLOW313", f"the task `{task.name.text}` has two bodies", _word(found.bodies[1]), "", hint, first)
    once([(section.word.text, section.word.span) for section in found.sections], report)
    once([("on failure", handler.word.span) for handler in found.handlers], report)
    return found


def once(found: list[tuple[str, Span]], report: Report) -> None:
    """Reports what stands twice that may stand once."""
    first: dict[str, Span] = {}
    for word, span in found:
        if word in first:
            labels = (Label(first[word], "the first is here"),)
            report.error("FLOW202", f"`{word}` stands twice", span, "again here", "put all into one block", labels)
        first.setdefault(word, span)


def _word(item: BodyItem) -> Span:
    return item.word.span if isinstance(item, tree.KindBody) else item.span


def other_item(item: tree.Other, where: str, report: Report) -> None:
    """For `run` and `assert`, the items that only a test has."""
    hint = "it belongs in a `test` block"
    report.error("FLOW111", f"`{item.word}` has no place in {where}", item.word_span, "", hint)


def misplaced(item: tree.Item, where: str, report: Report) -> None:
    if isinstance(item, tree.Wrong | tree.Other):
        return
    what, place = _place(item)
    hint = f"it belongs {place}"
    if isinstance(item, tree.TaskItem):
        hint = (
            f"put it into a workflow: workflow main {{ task {item.name.text} {{ ... }} }}"
            if where == "a file"
            else "tasks do not nest; move it out of this one"
        )
    if isinstance(item, tree.CallBody) and where != "a file":
        target = shown(item.call.target)
        hint = f"give it a name: call {target.rpartition('.')[2]}_run = {target}(...)"
    elif isinstance(item, tree.KindBody) and where != "a file":
        hint = f"it belongs in a task: task hello {{ {item.word.text} ... }}"
        if isinstance(item.value, tree.Call):
            hint = "it belongs in a task, in `on failure` or `finally`"
    if isinstance(item, tree.Return) and where == "a task":
        hint = "the body gives the result: a shell body prints it, a Python body returns it"
    report.error("FLOW111", f"{what} has no place in {where}", _heading(item), "", hint)


def _place(item: tree.Item) -> tuple[str, str]:
    if isinstance(item, tree.Section):
        return f"`{item.word.text}`", _SECTIONS[item.word.text]
    if isinstance(item, tree.KindBody):
        return f"`{item.word.text}`", "in a task"
    return _PLACES[type(item)]


def _heading(item: tree.Item) -> Span:
    if isinstance(item, _NAMED):
        return item.name.span
    if isinstance(item, tree.Header | tree.TestItem | tree.Mock):
        return item.word
    return (
        item.word.span if isinstance(item, tree.KindBody | tree.Section | tree.OnItem | tree.DeadLetter) else item.span
    )

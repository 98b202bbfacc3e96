"""Sorts the items of a task by kind, and says where those belong that stand in the wrong place."""

from typing import NamedTuple

from flow_lang.checks.unbuilt import not_built
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.syntax import tree

BodyItem = tree.Body | tree.CallBody | tree.HttpBody
_UNBUILT = {
    "undo": "`undo` blocks",
    "on": "`on failure` blocks",
    "finally": "`finally` blocks",
    "wait": "`wait`",
    "secret": "secrets",
    "pool": "pools",
    "limits": "`limits`",
    "defaults": "`defaults`",
    "notify": "`notify`",
    "dead_letter": "`dead_letter`",
    "call": "calling another workflow",
}
_IN_TASK = ("undo", "on", "limits", "dead_letter")
_IN_WORKFLOW = ("wait", "secret", "pool", "defaults", "call", "on", "finally", "undo")
_PLACES = {
    tree.WorkflowItem: ("a workflow", "at the top of the file"),
    tree.TaskItem: ("a task", "in a workflow"),
    tree.RecordType: ("a type", "at the top of the file"),
    tree.TypeAliasItem: ("a type", "at the top of the file"),
    tree.Policy: ("a policy", "at the top of the file"),
    tree.Import: ("an import", "at the top of the file"),
    tree.FromImport: ("an import", "at the top of the file"),
    tree.Edition: ("`flow 1`", "on the first line of the file"),
    tree.Return: ("`return`", "at the end of a workflow"),
    tree.Body: ("a body", "in a task"),
    tree.CallBody: ("a `call`", "in a task"),
    tree.HttpBody: ("an `http` body", "in a task"),
    tree.Header: ("`header`", "in an `http` block"),
    tree.TestItem: ("a `test`", "at the top of the file"),
    tree.Mock: ("`mock`", "in a `test`"),
    tree.Input: ("`in`", "in a task"),
    tree.Output: ("`out`", "in a task"),
    tree.After: ("`after`", "in a task"),
    tree.Setting: ("a setting", "in a workflow or a task"),
}


class Sorted(NamedTuple):
    bodies: list[BodyItem]
    inputs: list[tree.Input]
    outputs: list[tree.Output]
    after: list[tree.After]
    settings: list[tree.Setting]
    unbuilt: list[tree.Other]


def sort_items(task: tree.TaskItem, report: Report) -> Sorted:
    found = Sorted([], [], [], [], [], [])
    for item in task.items:
        if isinstance(item, tree.Body | tree.CallBody | tree.HttpBody):
            found.bodies.append(item)
        elif isinstance(item, tree.Input):
            found.inputs.append(item)
        elif isinstance(item, tree.Output):
            found.outputs.append(item)
        elif isinstance(item, tree.After):
            found.after.append(item)
        elif isinstance(item, tree.Setting):
            found.settings.append(item)
        elif isinstance(item, tree.Other):
            found.unbuilt.append(item)
            other_item(item, "a task", _IN_TASK, report)
        else:
            misplaced(item, "a task", report)
    if len(found.bodies) > 1:
        first = (Label(_word(found.bodies[0]), "the first is here"),)
        hint = "make a task of each; the second uses the result of the first"
        report.error("FLOW313", f"the task `{task.name.text}` has two bodies", _word(found.bodies[1]), "", hint, first)
    return found


def _word(item: BodyItem) -> Span:
    return item.word if isinstance(item, tree.Body | tree.HttpBody) else item.span


def workflow_item(item: tree.Item, report: Report) -> None:
    """For an item of a workflow that is no task, setting or return."""
    if isinstance(item, tree.Other):
        other_item(item, "a workflow", _IN_WORKFLOW, report)
    else:
        misplaced(item, "a workflow", report)


def other_item(item: tree.Other, where: str, allowed: tuple[str, ...], report: Report) -> None:
    if item.word in allowed:
        not_built(report, _UNBUILT[item.word], item.word_span)
        return
    places = [place for place, words in (("a task", _IN_TASK), ("a workflow", _IN_WORKFLOW)) if item.word in words]
    place = places[0] if places else "a `test` block" if item.word in ("mock", "run", "assert") else "`on failure`"
    report.error("FLOW111", f"`{item.word}` has no place in {where}", item.word_span, "", f"it belongs in {place}")


def misplaced(item: tree.Item, where: str, report: Report) -> None:
    if isinstance(item, tree.Wrong | tree.Other):
        return
    what, place = _PLACES[type(item)]
    span = (
        item.name.span
        if isinstance(item, tree.TaskItem | tree.WorkflowItem | tree.Setting | tree.Input | tree.Output)
        else item.word
        if isinstance(item, tree.HttpBody | tree.Header | tree.TestItem | tree.Mock)
        else item.span
    )
    hint = f"it belongs {place}"
    if isinstance(item, tree.TaskItem):
        hint = (
            "it belongs in a workflow: workflow main { ... }"
            if where == "a file"
            else "tasks do not nest; move it out of this one"
        )
    if isinstance(item, tree.Return) and where == "a task":
        hint = "the body gives the result: a shell body prints it, a Python body returns it"
    report.error("FLOW111", f"{what} has no place in {where}", span, "", hint)

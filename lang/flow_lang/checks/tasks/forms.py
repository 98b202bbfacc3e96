"""Items that are tasks in another form: `call x = f(...)`, `wait`, and a notification."""

from typing import TypeGuard

from flow_lang.checks.kind import Kinds
from flow_lang.checks.waits import wait_task
from flow_lang.diagnostics import Report
from flow_lang.syntax import tree

TaskLike = tree.TaskItem | tree.CallItem | tree.WaitItem


def as_task(item: TaskLike, report: Report) -> tree.TaskItem:
    """What is wrong with the form itself has been reported, and is a `Wrong` among the task's items."""
    if isinstance(item, tree.TaskItem):
        return item
    if isinstance(item, tree.WaitItem):
        return wait_task(item, report)
    body: tree.Item = tree.Wrong((), item.span)
    if isinstance(item.value, tree.Call):
        body = tree.CallBody(item.value, item.value.span)
    else:
        hint = f"write call {item.name.text} = other(n = 1), with the brackets also where there is nothing in them"
        report.error("FLOW204", "only workflows and imported functions are called", item.value.span, "", hint)
    return tree.TaskItem(item.name, item.clauses, (body,), item.doc, item.span)


def is_notice(item: tree.Item, kinds: Kinds) -> TypeGuard[tree.KindBody]:
    """Whether it stands by itself in a block that runs when others have ended."""
    return isinstance(item, tree.KindBody) and kinds[item.word.text].notice


def notice_name(item: tree.KindBody) -> str:
    """What tells of: the function that it calls, or else its kind."""
    node = item.value
    return node.target.name if isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) else item.word.text


def notice_task(name: str, item: tree.KindBody) -> tree.TaskItem:
    """The task that sends a notification."""
    return tree.TaskItem(tree.Name(name, item.word.span), (), (item,), "", item.span)

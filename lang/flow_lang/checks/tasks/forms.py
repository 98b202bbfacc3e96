"""Items that are tasks in another form: `call x = f(...)`, `wait`, and `notify`."""

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


def notice_task(name: str, item: tree.Notify) -> tree.TaskItem:
    """The task that sends a notification."""
    return tree.TaskItem(tree.Name(name, item.word.span), (), (item,), "", item.span)

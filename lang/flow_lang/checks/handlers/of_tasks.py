"""`on failure { dead_letter "topic"; notify ... }` of a task."""

import re
from collections.abc import Mapping

from flow_lang import plan
from flow_lang.checks.handlers.sections import as_notice, check_event
from flow_lang.checks.items import misplaced
from flow_lang.checks.own import OF_A_TASK
from flow_lang.checks.scope import Symbol
from flow_lang.checks.shape import Shape
from flow_lang.checks.tasks.checker import TaskChecker
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.forms import is_notice, notice_task
from flow_lang.diagnostics import Label
from flow_lang.syntax import tree
from flow_lang.types import NOTHING, STR

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


def on_failure(
    handler: tree.OnItem, task: plan.Task, symbols: Mapping[str, Symbol], context: Context
) -> tuple[plan.Task, list[plan.Task]]:
    """The task with its topic of dead letters, and the tasks that send its notifications. `symbols` are the names that those may use."""
    check_event(handler, context.report)
    letters = [item for item in handler.items if isinstance(item, tree.DeadLetter)]
    for again in letters[1:]:
        first = (Label(letters[0].word.span, "the first is here"),)
        context.report.error("FLOW202", "a task has one topic", again.word.span, "", "remove this one", first)
    notices = [item for item in handler.items if is_notice(item, context.kinds)]
    for item in handler.items:
        if isinstance(item, tree.TaskItem | tree.CallItem | tree.WaitItem):
            hint = "tasks that run on failure stand in the workflow: on failure { task ... }"
            context.report.error("FLOW111", "a task has no place in a task", item.name.span, "", hint)
        elif not (isinstance(item, tree.DeadLetter) or is_notice(item, context.kinds)):
            misplaced(item, "the `on failure` of a task", context.report)
    made = [
        _notice(f"{task.name}.notify_{at}", item, task, symbols, context) for at, item in enumerate(notices, start=1)
    ]
    return task._replace(dead_letter=_topic(letters[0], context) if letters else ""), made


def _topic(item: tree.DeadLetter, context: Context) -> str:
    fixed = context.settings.fixed
    hint = 'write for example dead_letter "orders.scores"'
    value = fixed.value(item.value, STR, "the topic of dead letters", hint)
    if value is not None and not _TOPIC.fullmatch(value):
        fixed.wrong(item.value, "a topic is made of letters, digits, `.`, `_` and `-`", hint)
        return ""
    return value or ""


def _notice(
    name: str, item: tree.KindBody, of: plan.Task, symbols: Mapping[str, Symbol], context: Context
) -> plan.Task:
    checker = TaskChecker(notice_task(name, item), Shape(NOTHING, False, False), context, symbols, OF_A_TASK)
    task = as_notice(checker.check())
    return task._replace(needs=(*task.needs, plan.Need(of.name, "failure")))

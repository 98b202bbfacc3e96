"""`undo { ... }` of a task: a task of its own, which runs when the run has failed and knows the `result` that it undoes."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from flow_lang import plan
from flow_lang.checks.handlers.sections import NOTICE_RETRY
from flow_lang.checks.scope import Symbol
from flow_lang.checks.shape import Shape
from flow_lang.checks.tasks.checker import TaskChecker
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.forms import is_notice
from flow_lang.diagnostics import Label
from flow_lang.syntax import tree
from flow_lang.types import NOTHING


def undo_task(
    section: tree.Section, of: plan.Task, checker: TaskChecker, given: Mapping[str, Symbol], context: Context
) -> plan.Task:
    """`checker` has checked the task, which `of` is; `given` are the parameters and secrets. Other tasks are not seen: what an undo needs
    of them is in an `in`. What is wrong has been reported."""
    name = tree.Name(f"{of.name}.undo", section.word.span)
    items = [item for item in section.items if not _refused(item, context)]
    if not items:
        items = [tree.Wrong((), section.span)]
        if not section.items:
            hint = 'say what takes it back: undo { shell "..." }'
            context.report.error("FLOW313", f"the undo of `{of.name}` has no body", section.word.span, "", hint)
    symbols = _symbols(section, of, checker, given)
    item = tree.TaskItem(name, (), tuple(items), "", section.span)
    undone = TaskChecker(item, Shape(NOTHING, False, False), context, symbols, phase=plan.UNDO)
    undone.scope.hint = partial(_hint, of, checker, context)
    task = undone.check()
    _check_result(checker, undone, context)
    used = set(task.reads) | {use.symbol.name for use in undone.scope.uses}
    inputs = tuple(_wanted(of.inputs, used))
    read = {ref for given in inputs for ref in _refs(given.value)}
    own = {given.name for given in of.inputs}
    reads = dict.fromkeys((*task.reads, *sorted(read - own)))
    looped = {ref for clause in of.loop for ref in _refs(clause.source)}
    retry = task.retry if "retry" in undone.settings.given else NOTICE_RETRY
    return task._replace(
        retry=retry,
        loop=of.loop,
        inputs=(*inputs, *task.inputs),
        needs=tuple(need for need in of.needs if need.task in read | looped),
        reads=tuple(reads),
        labels=of.labels,
        of=of.name,
    )


def cache_beside_undo(
    section: tree.Section, of: plan.Task, checker: TaskChecker, context: Context
) -> plan.Cache | None:
    """The cache of a task that has an undo: none, since another run would take what this one may undo. One that the task itself asks for
    is a mistake; one of the workflow's `defaults` is for other tasks."""
    setting = checker.settings.given.get("cache")
    default = context.settings.defaults.given.get("cache")
    if of.cache is not None and setting is not None and setting is not default:
        label = (Label(section.word.span, "its result may be undone"),)
        message = f"the result of `{of.name}` cannot be kept for other runs"
        hint = "remove the `cache`, or the `undo`: a later run would take what was undone"
        context.report.error("FLOW416", message, setting.name.span, "", hint, label)
    return None


def _refused(item: tree.Item, context: Context) -> bool:
    if isinstance(item, tree.Output):
        hint = "nothing uses what an undo gives"
        context.report.error("FLOW111", "`out` has no place in an `undo`", item.name.span, "", hint)
    elif isinstance(item, tree.After):
        hint = "undos run in the reverse of the order in which their tasks have ended"
        context.report.error("FLOW111", "`after` has no place in an `undo`", item.span, "", hint)
    elif is_notice(item, context.kinds):
        hint = "notifications stand in `on failure` or `finally`"
        message = f"`{item.word.text}` has no place in an `undo`"
        context.report.error("FLOW111", message, item.word.span, "", hint)
    elif isinstance(item, tree.OnItem | tree.Section):
        hint = "an undo that fails for good is in the dead letters"
        context.report.error("FLOW111", f"`{item.word.text}` has no place in an `undo`", item.word.span, "", hint)
    else:
        return False
    return True


def _symbols(
    section: tree.Section, of: plan.Task, checker: TaskChecker, given: Mapping[str, Symbol]
) -> dict[str, Symbol]:
    """Parameters and secrets, the task's own names, and `result`."""
    own = checker.scope.symbols.maps[0]
    kept = {**given, **{name: symbol for name, symbol in own.items() if symbol.kind in ("input", "loop")}}
    kept.pop("result", None)
    if of.result != NOTHING:
        kept["result"] = Symbol("result", "result", of.result, section.word.span)
    return kept


def _hint(of: plan.Task, checker: TaskChecker, context: Context, name: str) -> str:
    if name == "result":
        return f"`{of.name}` gives none; declare one: task {of.name} -> str"
    symbol = checker.scope.symbols.get(name)
    if symbol is None or symbol.kind != "task":
        return context.hint(name)
    return (
        f"an undo knows no other task; give the task what its undo needs: in the_{name} = {name}, and use `the_{name}`"
    )


def _check_result(checker: TaskChecker, undone: TaskChecker, context: Context) -> None:
    """`result` is what is undone, so that nobody else may have the name where it is used."""
    taken = checker.scope.symbols.get("result")
    use = next((use for use in undone.scope.uses if use.symbol.name == "result"), None)
    if taken is None or use is None:
        return
    label = (Label(taken.span, "declared here"),)
    message = "`result` in an undo is what the task has given, and the workflow has a `result` of its own"
    context.report.error("FLOW210", message, use.span, "", "give that one another name", label)


def _wanted(inputs: tuple[plan.Input, ...], used: set[str]) -> Iterator[plan.Input]:
    """The inputs that are used, and those that their values use, in their order."""
    wanted = set(used)
    kept = []
    for given in reversed(inputs):
        if given.name in wanted:
            wanted |= set(_refs(given.value))
            kept.append(given)
    yield from reversed(kept)


def _refs(expr: Any) -> Iterator[str]:
    """The names that an expression of a plan refers to."""
    if not isinstance(expr, list):
        return
    if len(expr) == 2 and expr[0] == "ref":
        yield expr[1]
        return
    if expr and expr[0] in ("lit", "typed"):
        return
    for part in expr[1:] if expr and isinstance(expr[0], str) else expr:
        yield from _refs(part)

"""`on failure { ... }` and `finally { ... }` of a workflow: tasks that run when all others have ended."""

from collections import Counter
from collections.abc import Mapping

from flow_lang import plan
from flow_lang.checks.graph import Edge, order
from flow_lang.checks.items import misplaced, once
from flow_lang.checks.mentions import task_names
from flow_lang.checks.own import FAILURE, FINALLY
from flow_lang.checks.scope import Scope, Symbol
from flow_lang.checks.shape import Shape
from flow_lang.checks.tasks.checker import TaskChecker
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.forms import as_task, is_notice, notice_name, notice_task
from flow_lang.checks.tasks.shape import lifted, shape_of
from flow_lang.diagnostics import Report
from flow_lang.plan import FAILURE as FAILURE_PHASE
from flow_lang.plan import FINALLY as FINALLY_PHASE
from flow_lang.syntax import tree
from flow_lang.types import NOTHING, UNKNOWN, optional

NOTICE_RETRY = plan.Retry(3, 1.0, 2.0, 60.0, "full")
"""How a notification is tried, and `undo` where nothing else is said."""
NOTICE_TIMEOUT = 30.0

Block = tree.OnItem | tree.Section


def blocks_of(item: tree.WorkflowItem, report: Report) -> list[Block]:
    """The blocks of a workflow, each once."""
    found: list[Block] = [
        inner
        for inner in item.items
        if isinstance(inner, tree.OnItem) or (isinstance(inner, tree.Section) and inner.word.text == "finally")
    ]
    names = [("on failure" if isinstance(block, tree.OnItem) else "finally", block.word.span) for block in found]
    once(names, report)
    for block in found:
        if isinstance(block, tree.OnItem):
            check_event(block, report)
    return found


def check_event(block: tree.OnItem, report: Report) -> None:
    if block.event.text == "failure":
        return
    hint = "did you mean `on failure`? What is done however it ends is written `finally { ... }`"
    if block.event.text in ("success", "done", "completion"):
        hint = "what follows on success is a task that uses, or comes `after`, the others"
    report.error("FLOW111", f"there is no `on {block.event.text}`", block.event.span, "", hint)


class Sections:
    """Checks the blocks of one workflow. `names` are those of the workflow, in which the tasks of the blocks are `later`."""

    def __init__(self, blocks: list[Block], names: Scope, context: Context) -> None:
        self.blocks, self.names, self.context, self.report = blocks, names, context, context.report
        self.items: list[list[tuple[str, tree.TaskItem]]] = []
        self.symbols: dict[str, Symbol] = {}
        """After the check: the tasks of the blocks, as a test sees them."""

    def declare(self) -> None:
        """Gives each task of a block its name in the workflow."""
        for block in self.blocks:
            kinds: Counter[str] = Counter()
            found: list[tuple[str, tree.TaskItem]] = []
            where = "failure" if isinstance(block, tree.OnItem) else "finally"
            for item in block.items:
                if is_notice(item, self.context.kinds):
                    kind = notice_name(item)
                    kinds[kind] += 1
                    name = f"{where}.{kind}_{kinds[kind]}"
                    found.append((name, notice_task(name, item)))
                elif isinstance(item, tree.TaskItem | tree.CallItem | tree.WaitItem):
                    task = as_task(item, self.report)
                    if self.names.add(Symbol(task.name.text, "later", UNKNOWN, task.name.span)):
                        found.append((task.name.text, task))
                else:
                    misplaced(item, "`on failure`" if where == "failure" else "`finally`", self.report)
            self.items.append(found)

    def check(self) -> list[plan.Task]:
        """Those of `on failure`, then those of `finally`."""
        main = ended(self.names.symbols) if self.blocks else {}
        made: list[plan.Task] = []
        for block, items in zip(self.blocks, self.items, strict=True):
            checked = _Block(block, dict(items), dict(main), self.context)
            checked.others = frozenset(name for other in self.items if other is not items for name, _ in other)
            made += checked.check()
            self.symbols |= {name: checked.symbols[name] for name in checked.items}
        return sorted(made, key=lambda task: task.phase == FINALLY_PHASE)


class _Block:
    def __init__(
        self, block: Block, items: dict[str, tree.TaskItem], symbols: dict[str, Symbol], context: Context
    ) -> None:
        self.items, self.symbols, self.context, self.report = items, symbols, context, context.report
        fails = isinstance(block, tree.OnItem)
        self.others: frozenset[str] = frozenset()
        """The tasks of the other block."""
        self.phase = FAILURE_PHASE if fails else FINALLY_PHASE
        self.own: Mapping[str, Symbol] = FAILURE if fails else FINALLY

    def check(self) -> list[plan.Task]:
        shapes = {name: shape_of(item, self.context) for name, item in self.items.items()}
        for name, item in self.items.items():
            shape = shapes[name]
            self.symbols[name] = Symbol(name, "task", lifted(shape), item.name.span, loops=shape.loops)
        edges = [
            Edge(name, used, span)
            for name, item in self.items.items()
            for used, span in task_names(item, self.context.lines, self.context.kinds)
            if used in self.items
        ]
        declared = {name: item.name.span for name, item in self.items.items()}
        ordered, stuck = order(list(self.items), edges, declared, self.report)
        for name in stuck:
            self.symbols[name] = self.symbols[name]._replace(type=UNKNOWN)
        return [self._task(name, shapes[name]) for name in ordered]

    def _hint(self, name: str) -> str:
        if name in self.others:
            return "it is a task of the other block, and nothing is known of it here"
        return self.context.hint(name)

    def _task(self, name: str, shape: Shape) -> plan.Task:
        item = self.items[name]
        checker = TaskChecker(item, shape, self.context, self.symbols, self.own, self.phase)
        for section in checker.sorted.sections:
            if section.word.text == "undo":
                hint = "what runs when the others have ended is not undone; move the undo to a task before"
                self.report.error("FLOW111", "`undo` has no place here", section.word.span, "", hint)
        for handler in checker.sorted.handlers:
            hint = "it is a task of a handler itself; move this out of the task"
            self.report.error("FLOW111", "`on failure` has no place here", handler.word.span, "", hint)
        checker.scope.hint = self._hint
        task = checker.check()
        if checker.doubtful:
            self.symbols[name] = self.symbols[name]._replace(type=UNKNOWN)
        elif checker.skips:
            self.symbols[name] = self.symbols[name]._replace(skips=checker.skips)
        return as_notice(task) if "." in name else task


def as_notice(task: plan.Task) -> plan.Task:
    """A notification is tried again, and a run that has gone well does not fail because nobody could be told."""
    return task._replace(retry=NOTICE_RETRY, timeout=NOTICE_TIMEOUT, optional=True, priority=0, delay=0.0)


def ended(symbols: Mapping[str, Symbol]) -> dict[str, Symbol]:
    """The names of a workflow as a handler sees them: each task has ended, and may have no value."""
    return {name: _ended(symbol) for name, symbol in symbols.items() if symbol.kind != "later"}


def _ended(symbol: Symbol) -> Symbol:
    if symbol.kind != "task":
        return symbol
    type_ = symbol.type if symbol.type == NOTHING else optional(symbol.type)
    return symbol._replace(type=type_, skips="", loops=False, ended=True)

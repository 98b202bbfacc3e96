"""The checks of tasks, kept for the next version of their file.

What a check says depends on the task itself, on what its file and its workflow declare for all (`Facts`), and on the names, types, policies and pools
that it looked up. Where all of these are as they were, and the check had nothing to say, its result is taken again. Where they are declared does not
matter then. A task that had something to say is checked each time.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flow_lang import plan
from flow_lang.checks.mentions import task_names
from flow_lang.checks.scope import Symbol
from flow_lang.checks.shape import Shape
from flow_lang.checks.tasks.checker import TaskChecker
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.shape import shape_of
from flow_lang.diagnostics import Report, Span
from flow_lang.named import NamedTuple
from flow_lang.plan import Pool, Retry
from flow_lang.syntax import tree
from flow_lang.types import Type

_SPAN = Symbol._fields.index("span")

Facts = tuple[Any, ...]
"""Whatever a task may depend on besides itself and names of its workflow; compared, and not looked into."""


class Checked(NamedTuple):
    """A task with what `TaskChecker` says about it. `checker` is that of a task that has an `undo` or an `on failure`, which are checked later."""

    task: plan.Task
    doubtful: bool
    skips: str
    checker: TaskChecker | None = None


class _Asked(NamedTuple):
    """What a check has looked up: types and policies of the file, and pools of the workflow. None for a type and a pool that were not there, and
    for a policy that is wrong."""

    types: dict[str, Type | None]
    policies: dict[str, Retry | None]
    pools: dict[str, tuple[Pool | None] | None]

    @classmethod
    def begin(cls, context: Context) -> "_Asked":
        """Those that are looked up from now on."""
        found = cls({}, {}, {})
        context.types.asked, context.settings.retries.asked, context.settings.asked = found
        return found

    def hold(self, context: Context) -> bool:
        types, policies = context.types.known, context.settings.policies.named
        return (
            all(types.get(name) == type_ for name, type_ in self.types.items())
            and all(name in policies and policies[name] == retry for name, retry in self.policies.items())
            and all(context.settings.pool_of(name) == pool for name, pool in self.pools.items())
        )


_NOTHING = _Asked({}, {}, {})


class _Kept(NamedTuple):
    """`shape` is None where there was something to say about it. `checked` is what was found for the shape `given` and the symbols `names`, None
    for those that were not there; `failed` says that the file was known to be wrong. `for_shape` and `for_check` is what was looked up."""

    item: tree.TaskItem
    mentions: tuple[tuple[str, Span], ...]
    shape: Shape | None = None
    for_shape: _Asked = _NOTHING
    given: Shape | None = None
    names: Mapping[str, Symbol | None] | None = None
    failed: bool = False
    checked: Checked | None = None
    for_check: _Asked = _NOTHING


class KnownTasks:
    """Those of one workflow. Nothing is kept before it is said which facts that depends on."""

    def __init__(self) -> None:
        self.facts: Facts | None = None
        self.kept: dict[str, _Kept] = {}

    def begin(self, facts: Facts) -> None:
        if facts != self.facts:
            self.facts, self.kept = facts, {}

    def mentions(self, item: tree.TaskItem, context: Context) -> tuple[tuple[str, Span], ...]:
        kept = self._kept(item)
        if kept is not None:
            return kept.mentions
        found = tuple(task_names(item, context.lines, context.kinds))
        if self.facts is not None:
            self.kept[item.name.text] = _Kept(item, found)
        return found

    def shape(self, item: tree.TaskItem, context: Context) -> Shape:
        kept = self._kept(item)
        if kept is not None and kept.shape is not None and kept.for_shape.hold(context):
            return kept.shape
        said, asked = _said(context.report), _Asked.begin(context)
        shape = shape_of(item, context)
        if self.facts is not None and said == _said(context.report):
            mentions = self.mentions(item, context)
            kept = kept if kept is not None else _Kept(item, mentions)
            self.kept[item.name.text] = kept._replace(shape=shape, for_shape=asked)
        return shape

    def check(self, item: tree.TaskItem, shape: Shape, context: Context, symbols: Mapping[str, Symbol]) -> Checked:
        kept = self._kept(item)
        if kept is not None and kept.checked is not None and _holds(kept, shape, context, symbols):
            return kept.checked
        if self.facts is None or kept is None:
            return _check(item, shape, context, symbols)
        names, said, failed = _Names(symbols), _said(context.report), context.report.failed
        asked = _Asked.begin(context)
        checked = _check(item, shape, context, names)
        if checked.checker is None and said == _said(context.report) and not names.all:
            self.kept[item.name.text] = kept._replace(
                given=shape, names=names.asked, failed=failed, checked=checked, for_check=asked
            )
        return checked

    def _kept(self, item: tree.TaskItem) -> _Kept | None:
        kept = self.kept.get(item.name.text)
        return kept if kept is not None and (kept.item is item or kept.item == item) else None


def _check(item: tree.TaskItem, shape: Shape, context: Context, symbols: Mapping[str, Symbol]) -> Checked:
    checker = TaskChecker(item, shape, context, symbols)
    task = checker.check()
    later = checker.sorted.handlers or any(section.word.text == "undo" for section in checker.sorted.sections)
    return Checked(task, checker.doubtful, checker.skips, checker if later else None)


def _holds(kept: _Kept, shape: Shape, context: Context, symbols: Mapping[str, Symbol]) -> bool:
    """A check may ask less of a file that is wrong anyway, so one without a word there says nothing about a file that is right."""
    if kept.given != shape or (kept.failed and not context.report.failed) or not kept.for_check.hold(context):
        return False
    return all(_alike(symbols.get(name), symbol) for name, symbol in (kept.names or {}).items())


def _alike(now: Symbol | None, before: Symbol | None) -> bool:
    """Whether they mean the same, wherever they are declared."""
    if now is None or before is None:
        return now is before
    return now[:_SPAN] == before[:_SPAN] and now[_SPAN + 1 :] == before[_SPAN + 1 :]


def bare(node: Any) -> Any:
    """A tree without its places."""
    if isinstance(node, Span):
        return None
    if not isinstance(node, tuple):
        return node
    node = node._replace(content=0) if isinstance(node, tree.Text) else node
    return type(node), *(bare(part) for part in node)


def _said(report: Report) -> tuple[int, int]:
    return report.mistakes, report.warnings


class _Names(Mapping[str, Symbol]):
    """Names of a workflow, and a record of those that were asked for: that one is not there is an answer too. `all` of them are asked for by
    who goes over them."""

    def __init__(self, symbols: Mapping[str, Symbol]) -> None:
        self.symbols = symbols
        self.asked: dict[str, Symbol | None] = {}
        self.all = False

    def __getitem__(self, name: str) -> Symbol:
        found = self.asked[name] = self.symbols.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:
        found = self.asked[name] = self.symbols.get(name)
        return default if found is None else found

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        found = self.asked[name] = self.symbols.get(name)
        return found is not None

    def __iter__(self) -> Iterator[str]:
        self.all = True
        return iter(self.symbols)

    def __len__(self) -> int:
        self.all = True
        return len(self.symbols)

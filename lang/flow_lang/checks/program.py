"""Checks the workflows of all files of a program, each after those that it calls."""

from collections.abc import Iterator

from flow_lang.checks.calls.workflows import Child
from flow_lang.checks.cases.checker import Tested
from flow_lang.checks.declarations import Declared
from flow_lang.checks.graph import arranged
from flow_lang.checks.mentions import call_targets
from flow_lang.checks.scope import already_declared
from flow_lang.checks.tasks.known import KnownTasks
from flow_lang.checks.workflows import WorkflowChecker
from flow_lang.diagnostics import Label, Span
from flow_lang.named import NamedTuple
from flow_lang.syntax import tree


class _Node(NamedTuple):
    """A workflow of a file; `key` is its name in a plan."""

    key: str
    item: tree.WorkflowItem
    owner: Declared


class _Called(NamedTuple):
    key: str
    span: Span


def check_program(files: dict[str, Declared]) -> dict[str, Tested]:
    """The workflows of all files by key. `files` are by path, each after those that it imports."""
    return _Program(files).check()


def key_of(path: str, name: str) -> str:
    return f"{path}:{name}" if path else name


class _Program:
    def __init__(self, files: dict[str, Declared]) -> None:
        self.files = files
        self.nodes: dict[str, _Node] = {}
        self.again: list[_Node] = []
        """Those whose name is taken: they are checked and never called."""

    def check(self) -> dict[str, Tested]:
        for declared in self.files.values():
            self._declare(declared)
        calls = {key: list(self._calls(node)) for key, node in self.nodes.items()}
        first: dict[tuple[str, str], Span] = {}
        for key, called in calls.items():
            for one in called:
                first.setdefault((one.key, key), one.span)
        order = arranged(list(self.nodes), first)
        for circle in order.circles:
            self._report(circle, first)
        found: dict[str, Tested] = {}
        for key in order.ordered:
            found[key] = self._check(self.nodes[key], key not in order.stuck)
        for node in self.again:
            WorkflowChecker(node.item, node.owner.context, KnownTasks(), node.owner.file.path).check()
        return found

    def _declare(self, declared: Declared) -> None:
        path = declared.file.path
        for item in declared.file.tree.items:
            if not isinstance(item, tree.WorkflowItem):
                continue
            key = key_of(path, item.name.text)
            node = _Node(key, item, declared)
            if key in self.nodes:
                first = self.nodes[key].item.name.span
                already_declared(declared.file.report, item.name.text, item.name.span, first, "workflow")
                self.again.append(node)
                continue
            self.nodes[key] = node
            declared.workflows[item.name.text] = None

    def _calls(self, node: _Node) -> Iterator[_Called]:
        for target in call_targets(node.item.items):
            key = self._key(target, node.owner)
            if key is not None:
                yield _Called(key, target.span)

    def _key(self, target: tree.Expr, owner: Declared) -> str | None:
        """The workflow that is called, if it is one."""
        if isinstance(target, tree.Ref):
            known = target.name in owner.workflows and target.name not in owner.context.imported
            return key_of(owner.file.path, target.name) if known else None
        if not isinstance(target, tree.Field) or not isinstance(target.base, tree.Ref):
            return None
        other = owner.file.imports.get(target.base.name)
        key = key_of(other.path, target.name.text) if other is not None else ""
        return key if key in self.nodes else None

    def _check(self, node: _Node, callable_: bool) -> Tested:
        owner, item = node.owner, node.item
        mistakes = owner.file.report.mistakes
        checker = WorkflowChecker(item, owner.context, owner.known(item), owner.file.path)
        made = checker.check()
        if callable_ and (made.result.kind != "unknown" or owner.file.report.mistakes == mistakes):
            spans = {param.name.text: param.name.span for param in item.params}
            child = Child(
                node.key, item.name.text, made.params, made.result, owner.file.source.path, item.name.span, spans
            )
            owner.workflows[item.name.text] = child
        return Tested(made, checker.symbols, item.name.span)

    def _report(self, circle: list[str], first: dict[tuple[str, str], Span]) -> None:
        """`circle`: each is called by the next. Told in the file of the last one, where it calls the one before it."""
        calls = [(circle[(at + 1) % len(circle)], circle[at]) for at in range(len(circle))]
        calls.reverse()
        caller, called = calls[0]
        owner = self.nodes[caller].owner
        names = [caller, *(one for _, one in calls)]
        others = tuple(
            Label(first[used, user], f"`{user}` calls `{used}`", self.nodes[user].owner.file.source.path)
            for user, used in calls[1:]
        )
        hint = "a run of it would never end; a list that is worked through is a `for`"
        if len(circle) > 1:
            hint += f": {' -> '.join(names)}"
        message = f"the workflow `{caller}` calls itself" if len(circle) == 1 else "these workflows call one another"
        owner.file.report.error("FLOW412", message, first[called, caller], f"`{caller}` calls `{called}`", hint, others)

"""What a file declares for its workflows: types, imports and policies."""

import posixpath
from collections.abc import Mapping

from flow_lang.checks.calls.workflows import Callables, Workflows
from flow_lang.checks.imports.files import FlowFile
from flow_lang.checks.items import misplaced, other_item
from flow_lang.checks.kind import Kinds, errors_of
from flow_lang.checks.memory import FileMemory
from flow_lang.checks.python.files import Files
from flow_lang.checks.python.imports import Imports
from flow_lang.checks.scope import already_declared
from flow_lang.checks.settings.reader import Reader
from flow_lang.checks.settings.retries import Policies
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.known import Facts, KnownTasks, bare
from flow_lang.checks.types.declared import Types
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.named import NamedTuple
from flow_lang.syntax import tree

EDITION = 1


class Declared(NamedTuple):
    """A file whose declarations have been read; `workflows` are filled in as they are checked. `facts` is all that its tasks may depend on, besides
    what their workflow declares and what they look up; `memory` what is known of them."""

    file: FlowFile
    context: Context
    policies: Policies
    workflows: Workflows
    facts: Facts = ()
    memory: FileMemory | None = None

    def known(self, item: tree.WorkflowItem) -> KnownTasks:
        """What is known of the tasks of one of its workflows."""
        if self.memory is None:
            return KnownTasks()
        callables = self.context.workflows
        called = {alias: _seen(found) if found else None for alias, found in callables.imported.items()}
        own = (self._for_all(item), _seen(callables.here), called)
        return self.memory.tasks(item.name.text, (self.facts, *own))

    def _for_all(self, item: tree.WorkflowItem) -> Facts:
        """What a workflow says to all its tasks: its `defaults`, and the policies that they may name."""
        found = [inner for inner in item.items if isinstance(inner, tree.Section) and inner.word.text == "defaults"]
        return bare(tuple(found)), dict(self.policies.named) if found else {}


def declare(
    file: FlowFile, files: Files, before: Mapping[str, Declared], kinds: Kinds, memory: FileMemory | None = None
) -> Declared:
    """`before` are the files that it imports, by path; `kinds` the kinds of tasks. What is wrong has been reported."""
    report = file.report
    imported = {alias: before[other.path] if other is not None else None for alias, other in file.imports.items()}
    types = Types(report, {alias: other.context.types if other else None for alias, other in imported.items()})
    functions = Imports(files, report, posixpath.dirname(file.path))
    policies = Policies({}, {alias: other.policies if other else None for alias, other in imported.items()})
    settings = Reader(report, policies, errors_of(kinds))
    _check_edition(file)
    for item in file.tree.items:
        _declare(item, types, functions, report)
    types.finish()
    _read_policies(file, settings, policies)
    workflows: Workflows = {}
    callables = Callables(
        workflows, {alias: other.workflows if other else None for alias, other in imported.items()}, report
    )
    context = Context(report, types, file.lines, functions.functions, settings, callables, kinds)
    paths = {alias: other.path if other is not None else None for alias, other in file.imports.items()}
    python = {name: (found.path, found.name, found.function) for name, found in functions.functions.items()}
    return Declared(file, context, policies, workflows, (paths, python, dict(files.texts)), memory)


def _seen(workflows: Workflows) -> Workflows:
    """What callers depend on, which is not where it stands in its file."""
    nowhere = Span(0, 0)
    return {
        name: child._replace(name_span=nowhere, spans={}) if child is not None else None
        for name, child in workflows.items()
    }


def _declare(item: tree.Item, types: Types, functions: Imports, report: Report) -> None:
    if isinstance(item, tree.RecordType | tree.TypeAliasItem):
        types.declare(item)
    elif isinstance(item, tree.FromImport):
        functions.read(item)
    elif isinstance(item, tree.Other):
        other_item(item, "a file", report)
    elif not isinstance(item, tree.WorkflowItem | tree.Policy | tree.Edition | tree.Import | tree.TestItem):
        misplaced(item, "a file", report)


def _read_policies(file: FlowFile, settings: Reader, policies: Policies) -> None:
    spans: dict[str, Span] = {}
    for item in file.tree.items:
        if isinstance(item, tree.Policy):
            name = item.name.text
            if name in spans:
                already_declared(file.report, name, item.name.span, spans[name], "policy")
            spans.setdefault(name, item.name.span)
            policies.named[name] = settings.retries.read(item.value)


def _check_edition(file: FlowFile) -> None:
    report, text, items = file.report, file.source.text, file.tree.items
    editions = [item for item in items if isinstance(item, tree.Edition)]
    start = file.lines.in_text(len(text) - len(text.lstrip("\ufeff")))
    if not editions:
        hint = "write `flow 1` on a line of its own at the top; it says which edition of the language this is"
        report.error("FLOW110", "the file does not begin with `flow 1`", Span(start, start + 1), "", hint)
    elif items[0] != editions[0]:
        hint = "move it up; only comments stand before it"
        report.error("FLOW110", "`flow 1` is the first item of a file", editions[0].span, "", hint)
    elif len(editions) > 1:
        first = (Label(editions[0].span, "first here"),)
        report.error("FLOW110", "`flow 1` stands twice", editions[1].span, "", "remove this one", first)
    elif editions[0].number.lstrip("0") != str(EDITION):
        hint = f"this version of Flow reads edition {EDITION}: write `flow {EDITION}`, or install a newer version"
        report.error("FLOW110", f"there is no edition {editions[0].number[:20]}", editions[0].span, "", hint)

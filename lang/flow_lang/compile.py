"""Text to plan: the way through the front end."""

import posixpath

from flow_lang import plan
from flow_lang.cases import Case
from flow_lang.checks.cases.checker import CaseChecker, Tested
from flow_lang.checks.declarations import EDITION, Declared, declare
from flow_lang.checks.imports.files import FlowFile, load
from flow_lang.checks.kind import errors_of
from flow_lang.checks.lints import lint_workflow
from flow_lang.checks.memory import Memory
from flow_lang.checks.program import check_program
from flow_lang.checks.python.bundle import add_local_modules
from flow_lang.checks.python.files import Files
from flow_lang.checks.registry import all_kinds, all_words
from flow_lang.checks.unused import lint_unused
from flow_lang.checks.used_names import UsedNames
from flow_lang.collector import waiting_collector
from flow_lang.diagnostics import Diagnostic, Report, Span, in_files, in_order
from flow_lang.named import NamedTuple
from flow_lang.source import Loader, Source
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.syntax.pieces import Pieces


class Compiled(NamedTuple):
    """`plan` is None where there is an error. `sources` are the .flow files, by the path that diagnostics show; `imports` the paths of all other
    files that were asked for, from the entry's folder; `cases` the tests
    of the entry's file, `workflows` the names of its workflows, in its order."""

    plan: plan.Plan | None
    diagnostics: list[Diagnostic]
    sources: dict[str, Source]
    imports: list[str]
    cases: tuple[Case, ...] = ()
    workflows: tuple[str, ...] = ()


def compile_source(source: Source, loader: Loader, workflow: str | None = None) -> Compiled:
    """Compiles a file and what it imports. The entry is `workflow`, or else the last one of the file. Wrong text is answered with
    diagnostics."""
    with waiting_collector():
        return _Compiler(source, loader).run(workflow)


def check_source(source: Source, loader: Loader) -> Compiled:
    """As `compile_source`, for who asks only what is wrong: a file of types and policies, which others import, needs no workflow."""
    with waiting_collector():
        return _Compiler(source, loader, runs=False).run(None)


class Program(NamedTuple):
    """What `Session.check` has found: `files` with their trees, the entry last, and their workflows by key, as far as they could be checked.
    Offsets of the trees and of the names are those of `FlowFile.lines`, those of the diagnostics are of the files."""

    compiled: Compiled
    files: list[FlowFile]
    declared: dict[str, Declared]
    workflows: dict[str, Tested]


class Session:
    """Checks versions of one file, one after another, as `check_source` does: what a new version has in common with the one before is not
    read and checked again (`syntax.pieces`, `checks.tasks.known`). There is no plan."""

    def __init__(self) -> None:
        self.memory = Memory()

    def check(self, source: Source, loader: Loader) -> Program:
        with waiting_collector():
            compiler = _Compiler(source, loader, runs=False, memory=self.memory)
            compiled = compiler.run(None)
            return Program(compiled, compiler.flows, compiler.declared, compiler.checked)


class _Compiler:
    """`runs` says that there is to be a plan, so that a file without a workflow is wrong. With a `memory` none is made."""

    def __init__(self, source: Source, loader: Loader, runs: bool = True, memory: Memory | None = None) -> None:
        self.source, self.runs, self.memory = source, runs, memory
        self.files = Files(loader)
        self.declared: dict[str, Declared] = {}
        self.checked: dict[str, Tested] = {}
        self.flows: list[FlowFile] = load(source, self.files, all_words(), self._pieces)
        self.report: Report = self.flows[-1].report
        self.cases: list[Case] = []
        self.names: list[str] = []

    @property
    def failed(self) -> bool:
        return any(flow.report.failed for flow in self.flows)

    def _pieces(self, path: str) -> Pieces | None:
        return self.memory.of(path).pieces if self.memory is not None else None

    def run(self, entry: str | None) -> Compiled:
        main = self.flows[-1]
        found = self._check()
        if not main.broken:
            names = [item.name.text for item in main.tree.items if isinstance(item, tree.WorkflowItem)]
            names = self.names = list(dict.fromkeys(names))
            needed = names or (not self.report.failed and (self.runs or not _library(main.tree)))
            chosen = self._entry(names, entry) if needed else None
            if chosen is not None and not self.failed and self.memory is None:
                return self._done(self._plan(chosen, found))
        return self._done(None)

    def _done(self, made: plan.Plan | None) -> Compiled:
        lines = {flow.source.path: flow.lines for flow in self.flows}
        diagnostics = [in_files(diagnostic, lines) for flow in self.flows for diagnostic in flow.report.diagnostics]
        sources = {flow.source.path: flow.source for flow in self.flows}
        cases = tuple(self.cases) if made is not None else ()
        return Compiled(made, in_order(diagnostics), sources, list(self.files.texts), cases, tuple(self.names))

    def _check(self) -> dict[str, plan.Workflow]:
        """A file whose text is wrong is left out; what is used of it has been made unknown."""
        for flow in self.flows:
            if not flow.broken:
                memory = self.memory.of(flow.path) if self.memory is not None else None
                self.declared[flow.path] = declare(flow, self.files, self.declared, all_kinds(), memory)
        checked = self.checked = check_program(self.declared)
        for flow in self.flows:
            if not flow.broken:
                self._test(flow, checked)
        if not any(flow.report.failed for flow in self.flows):
            self._lint(checked)
        return {key: tested.workflow for key, tested in checked.items()}

    def _lint(self, checked: dict[str, Tested]) -> None:
        """Only a program without an error is asked more: what is unused may be so because of a mistake elsewhere."""
        for flow in self.flows:
            made = {one.workflow.name: one.workflow for one in checked.values() if one.workflow.file == flow.path}
            for item in flow.tree.items:
                if isinstance(item, tree.WorkflowItem):
                    lint_workflow(item, made[item.name.text], flow.report, all_kinds())
            names = self.memory.of(flow.path).names if self.memory is not None else UsedNames()
            lint_unused(flow, made, names)

    def _test(self, flow: FlowFile, checked: dict[str, Tested]) -> None:
        """The tests of every file are checked, those of the entry are kept."""
        tested = {one.workflow.name: one for one in checked.values() if one.workflow.file == flow.path}
        checker = CaseChecker(flow.report, flow.lines, tested, errors_of(all_kinds()))
        made = [checker.check(item) for item in flow.tree.items if isinstance(item, tree.TestItem)]
        if not flow.path:
            self.cases = [case for case in made if case is not None]

    def _plan(self, entry: str, found: dict[str, plan.Workflow]) -> plan.Plan:
        workflows = _reachable(entry, found)
        bodies = [
            (posixpath.dirname(workflow.file), task.body.code)
            for workflow in workflows.values()
            for task in workflow.tasks
            if task.body.kind == "python"
        ]
        add_local_modules(self.files, bodies)
        name = self.source.path.replace("\\", "/").rsplit("/", 1)[-1]
        sources = {name: self.source.text, **self.files.found()}
        return plan.Plan(entry, workflows, name, sources, EDITION)

    def _entry(self, names: list[str], entry: str | None) -> str | None:
        end = self.flows[-1].lines.in_text(max(len(self.source.text) - 1, 0))
        if not names:
            hint = 'add one: workflow main { task hello { shell "echo hello" } }'
            self.report.error("FLOW207", "the file has no workflow", Span(end, end + 1), "", hint)
            return None
        if entry is None or entry in names:
            return entry or names[-1]
        hint = did_you_mean(entry, names, f"the workflows of the file are {listed(names)}")
        self.report.error("FLOW207", f"there is no workflow `{entry}`", Span(0, 0), "", hint)
        return None


def _library(file: tree.File) -> bool:
    """Whether a file declares what others may use."""
    return any(isinstance(item, tree.RecordType | tree.TypeAliasItem | tree.Policy) for item in file.items)


def _reachable(entry: str, found: dict[str, plan.Workflow]) -> dict[str, plan.Workflow]:
    """The entry, and what it calls, and what that calls."""
    reached = {entry: found[entry]}
    pending = [entry]
    while pending:
        for task in found[pending.pop()].tasks:
            if task.body.kind == "child" and task.body.function not in reached:
                reached[task.body.function] = found[task.body.function]
                pending.append(task.body.function)
    return reached

"""Text to plan: the way through the front end."""

from typing import NamedTuple

from flow_lang import plan
from flow_lang.cases import Case
from flow_lang.checks.cases.checker import CaseChecker, Tested
from flow_lang.checks.items import misplaced, other_item
from flow_lang.checks.python.bundle import add_local_modules
from flow_lang.checks.python.files import Files
from flow_lang.checks.python.imports import Imports, flow_import
from flow_lang.checks.scope import already_declared
from flow_lang.checks.settings.reader import Reader
from flow_lang.checks.settings.retries import Retries
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.types.declared import Types
from flow_lang.checks.workflows import WorkflowChecker
from flow_lang.diagnostics import Diagnostic, Label, Report, Span, in_order
from flow_lang.source import Lines, Loader, Source
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.syntax.build import parse_file

EDITION = 1


class Compiled(NamedTuple):
    """`plan` is None where there is an error. `imports` are the paths of all other files that were asked for; `cases` the file's tests."""

    plan: plan.Plan | None
    diagnostics: list[Diagnostic]
    sources: dict[str, Source]
    imports: list[str]
    cases: tuple[Case, ...] = ()


def compile_source(source: Source, loader: Loader, workflow: str | None = None) -> Compiled:
    """Compiles a file. The entry is `workflow`, or else the last one of the file. Wrong text is answered with diagnostics."""
    return _Compiler(source, loader).run(workflow)


class _Compiler:
    def __init__(self, source: Source, loader: Loader) -> None:
        self.source = source
        self.report = Report(source.path)
        self.files = Files(loader)
        self.lines = Lines(source.text)
        self.cases: list[Case] = []

    def run(self, entry: str | None) -> Compiled:
        file = parse_file(self.source, self.report)
        found: dict[str, plan.Workflow] = {}
        if not self.report.failed:
            items = {item.name.text: item for item in file.items if isinstance(item, tree.WorkflowItem)}
            found = self._check(file)
            chosen = self._entry(list(items), entry) if items or not self.report.failed else None
            if chosen is not None and not self.report.failed:
                return self._done(self._plan(chosen, found))
        return self._done(None)

    def _done(self, made: plan.Plan | None) -> Compiled:
        sources = {self.source.path: self.source}
        cases = tuple(self.cases) if made is not None else ()
        return Compiled(made, in_order(self.report.diagnostics), sources, list(self.files.texts), cases)

    def _plan(self, entry: str, workflows: dict[str, plan.Workflow]) -> plan.Plan:
        add_local_modules(self.files, [task.body.code for task in workflows[entry].tasks if task.body.kind == "python"])
        name = self.source.path.replace("\\", "/").rsplit("/", 1)[-1]
        sources = {name: self.source.text, **self.files.found()}
        return plan.Plan(entry, {entry: workflows[entry]}, name, sources, EDITION)

    def _check(self, file: tree.File) -> dict[str, plan.Workflow]:
        self._edition(file)
        types, imports = Types(self.report), Imports(self.files, self.report)
        policies: dict[str, plan.Retry | None] = {}
        settings = Reader(self.report, policies)
        for item in file.items:
            self._declare(item, types, imports)
        types.finish()
        self._policies(file, settings.retries, policies)
        context = Context(self.report, types, self.lines, imports.functions, settings)
        found: dict[str, plan.Workflow] = {}
        tested: dict[str, Tested] = {}
        first: dict[str, Span] = {}
        for item in file.items:
            if isinstance(item, tree.WorkflowItem):
                if item.name.text in first:
                    already_declared(self.report, item.name.text, item.name.span, first[item.name.text], "workflow")
                first.setdefault(item.name.text, item.name.span)
                checker = WorkflowChecker(item, context)
                found[item.name.text] = checker.check()
                tested[item.name.text] = Tested(found[item.name.text], checker.names.symbols, item.name.span)
        self._tests(file, tested)
        return found

    def _tests(self, file: tree.File, tested: dict[str, Tested]) -> None:
        checker = CaseChecker(self.report, self.lines, tested)
        made = [checker.check(item) for item in file.items if isinstance(item, tree.TestItem)]
        self.cases = [case for case in made if case is not None]

    def _declare(self, item: tree.Item, types: Types, imports: Imports) -> None:
        if isinstance(item, tree.RecordType | tree.TypeAliasItem):
            types.declare(item)
        elif isinstance(item, tree.FromImport):
            imports.read(item)
        elif isinstance(item, tree.Import):
            flow_import(item, self.report)
        elif isinstance(item, tree.Other):
            other_item(item, "a file", (), self.report)
        elif not isinstance(item, tree.WorkflowItem | tree.Policy | tree.Edition | tree.TestItem):
            misplaced(item, "a file", self.report)

    def _policies(self, file: tree.File, retries: Retries, policies: dict[str, plan.Retry | None]) -> None:
        spans: dict[str, Span] = {}
        for item in file.items:
            if isinstance(item, tree.Policy):
                name = item.name.text
                if name in spans:
                    already_declared(self.report, name, item.name.span, spans[name], "policy")
                spans.setdefault(name, item.name.span)
                policies[name] = retries.read(item.value)

    def _edition(self, file: tree.File) -> None:
        editions = [item for item in file.items if isinstance(item, tree.Edition)]
        start = len(self.source.text) - len(self.source.text.lstrip("\ufeff"))
        if not editions:
            hint = "write `flow 1` on a line of its own at the top; it says which edition of the language this is"
            self.report.error("FLOW110", "the file does not begin with `flow 1`", Span(start, start + 1), "", hint)
        elif file.items[0] != editions[0]:
            hint = "move it up; only comments stand before it"
            self.report.error("FLOW110", "`flow 1` is the first item of a file", editions[0].span, "", hint)
        elif len(editions) > 1:
            first = (Label(editions[0].span, "first here"),)
            self.report.error("FLOW110", "`flow 1` stands twice", editions[1].span, "", "remove this one", first)
        elif editions[0].number.lstrip("0") != str(EDITION):
            hint = f"this version of Flow reads edition {EDITION}: write `flow {EDITION}`, or install a newer version"
            message = f"there is no edition {editions[0].number[:20]}"
            self.report.error("FLOW110", message, editions[0].span, "", hint)

    def _entry(self, names: list[str], entry: str | None) -> str | None:
        end = max(len(self.source.text) - 1, 0)
        if not names:
            hint = 'add one: workflow main { task hello { shell "echo hello" } }'
            self.report.error("FLOW207", "the file has no workflow", Span(end, end + 1), "", hint)
            return None
        if entry is None or entry in names:
            return entry or names[-1]
        hint = did_you_mean(entry, names, f"the workflows of the file are {listed(names)}")
        self.report.error("FLOW207", f"there is no workflow `{entry}`", Span(0, 0), "", hint)
        return None

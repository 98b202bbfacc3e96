"""Checks the `test` blocks of a file against its workflows."""

from collections.abc import Mapping

from flow_lang import plan
from flow_lang.cases import Case, Check, Mock
from flow_lang.checks.cases.fires import allow_fires
from flow_lang.checks.cases.mocks import Mocks
from flow_lang.checks.expressions.constants import references
from flow_lang.checks.expressions.kinds import expressions
from flow_lang.checks.items import misplaced
from flow_lang.checks.scope import Scope, Symbol
from flow_lang.checks.settings.retries import Errors
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.named import NamedTuple
from flow_lang.source import Lines
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import BOOL, DURATION, UNKNOWN, Type, enum, optional

RUN_STATES = enum(("succeeded", "failed", "cancelled"))


class Tested(NamedTuple):
    """A workflow of the file that a test may run, with the names in it."""

    workflow: plan.Workflow
    symbols: Mapping[str, Symbol]
    span: Span


class CaseChecker:
    def __init__(self, report: Report, lines: Lines, workflows: dict[str, Tested], errors: Errors) -> None:
        self.report, self.lines, self.workflows, self.errors = report, lines, workflows, errors
        self.titles: dict[str, Span] = {}

    def check(self, item: tree.TestItem) -> Case | None:
        """None where it is not known which workflow is tested. What is wrong has been reported."""
        title = self._title(item)
        runs = [inner for inner in item.items if isinstance(inner, tree.Other) and inner.word == "run"]
        asserts = [inner for inner in item.items if isinstance(inner, tree.Other) and inner.word == "assert"]
        for inner in item.items:
            if not isinstance(inner, tree.Mock) and inner not in runs and inner not in asserts:
                misplaced(inner, "a `test`", self.report)
        if not self._whole(item, runs, asserts):
            return None
        called = self._run(runs[0])
        if called is None:
            return None
        name, params = called
        mocks = self._mocks([inner for inner in item.items if isinstance(inner, tree.Mock)], name)
        checks = self._checks(asserts, self.workflows[name])
        return Case(title, name, tuple(params), tuple(mocks), tuple(checks), self._line(item.word))

    def _line(self, span: Span) -> int:
        return self.lines.position(span.start).line

    def _title(self, item: tree.TestItem) -> str:
        title = item.title.plain
        if not title:
            hint = 'say in a few fixed words what holds: test "a dry run publishes nothing" { ... }'
            self.report.error("FLOW332", "a test has a title", item.title.span, "", hint)
            return ""
        if title in self.titles:
            first = (Label(self.titles[title], "first here"),)
            self.report.error(
                "FLOW202",
                f'two tests are called "{title}"',
                item.title.span,
                "again here",
                "give each a title of its own",
                first,
            )
        self.titles.setdefault(title, item.title.span)
        return title

    def _whole(self, item: tree.TestItem, runs: list[tree.Other], asserts: list[tree.Other]) -> bool:
        if any(isinstance(inner, tree.Wrong) for inner in item.items):
            return bool(runs)
        example = next(iter(self.workflows), "nightly")
        if not runs:
            hint = f"say what is run, and with which parameters: run {example}(...)"
            self.report.error("FLOW332", "this test runs nothing", item.word, "", hint)
            return False
        if len(runs) > 1:
            first = (Label(runs[0].word_span, "the first is here"),)
            hint = "make a test of each"
            self.report.error("FLOW332", "a test has one `run`", runs[1].word_span, "", hint, first)
        if not asserts:
            hint = 'say what must hold afterwards: assert run.status == "succeeded"'
            self.report.error("FLOW332", "this test asserts nothing", item.word, "", hint)
        return True

    def _run(self, item: tree.Other) -> tuple[str, list[tuple[str, plan.Expr]]] | None:
        node: tree.Expr = item.parts[0]
        target = node.target if isinstance(node, tree.Call) else node
        if not isinstance(target, tree.Ref):
            hint = "write the name of a workflow of this file and its parameters: run nightly(dry_run = true)"
            self.report.error("FLOW332", "`run` takes a workflow", node.span, "", hint)
            return None
        if target.name not in self.workflows:
            hint = did_you_mean(target.name, self.workflows, f"the workflows of this file are {listed(self.workflows)}")
            if self.report.first_unknown(f"workflow {target.name}"):
                message = f"there is no workflow `{target.name}` in this file"
                self.report.error("FLOW207", message, target.span, "not found", hint)
            return None
        return target.name, self._arguments(node, self.workflows[target.name])

    def _arguments(self, node: tree.Expr, tested: Tested) -> list[tuple[str, plan.Expr]]:
        workflow = tested.workflow
        params = {param.name: param for param in workflow.params}
        declared = (Label(tested.span, "declared here"),)
        fixed = expressions(self.report, Scope(self.report, {}))
        found: dict[str, plan.Expr] = {}
        for at, argument in enumerate(node.args if isinstance(node, tree.Call) else ()):
            name = argument.name.text if argument.name else list(params)[at] if at < len(params) else ""
            if name not in params or name in found:
                span = argument.name.span if argument.name else argument.span
                left = [other for other in params if other not in found]
                hint = did_you_mean(name, left, f"its parameters are {listed(params)}")
                message = (
                    f"`{workflow.name}` takes no `{name}`"
                    if name not in params and name
                    else f"`{workflow.name}` takes no more"
                )
                if name in params or not name or self.report.first_unknown(name):
                    self.report.error("FLOW211", message, span, "", hint, declared)
                return []
            symbol = tested.symbols.get(name)
            place = symbol.span if symbol is not None else None
            found[name] = fixed.expect(argument.value, params[name].type, f"`{name}`", place).expr
        missing = [
            name
            for name, param in params.items()
            if name not in found and param.default is None and param.type.kind != "optional"
        ]
        if missing:
            hint = f"add {listed(missing)}"
            self.report.error("FLOW304", f"`{workflow.name}` needs {listed(missing)}", node.span, "", hint, declared)
        return list(found.items())

    def _mocks(self, items: list[tree.Mock], name: str) -> list[Mock]:
        tested, reader = self.workflows[name], Mocks(self.report, self.errors)
        tasks = {task.name: task for task in tested.workflow.tasks if "." not in task.name}
        first: dict[str, Span] = {}
        made: list[Mock] = []
        for item in items:
            task = item.name.text
            if task in first:
                label = (Label(first[task], "first here"),)
                hint = "remove one; what each attempt gives stands in attempts(...)"
                self.report.error("FLOW202", f"`{task}` is mocked twice", item.name.span, "again here", hint, label)
            elif task not in tasks:
                hint = did_you_mean(task, tasks, f"its tasks are {listed(tasks)}")
                if task in tested.symbols:
                    hint = f"`{task}` is no task; parameters are given to `run`"
                if self.report.first_unknown(task):
                    self.report.error("FLOW201", f"`{name}` has no task `{task}`", item.name.span, "not found", hint)
            else:
                symbol = tested.symbols.get(task)
                span = symbol.span if symbol is not None else item.name.span
                known = tasks[task]
                if symbol is not None and symbol.type.kind == "unknown":
                    known = known._replace(result=UNKNOWN)
                loops = symbol.loops if symbol is not None else bool(known.loop)
                made.append(reader.read(item, known, loops, span, self._line(item.word)))
            first.setdefault(task, item.name.span)
        return made

    def _checks(self, items: list[tree.Other], tested: Tested) -> list[Check]:
        scope = _scope(self.report, tested)
        checker = expressions(self.report, scope)
        allow_fires(checker, tested.workflow)
        made: list[Check] = []
        for item in items:
            node: tree.Expr = item.parts[0]
            expr = checker.expect(node, BOOL, "what is asserted").expr
            place = self.lines.position(node.span.start)
            text = self.lines.text[node.span.start : node.span.end]
            made.append(Check(expr, text, place.line, place.column, tuple(dict.fromkeys(references(expr)))))
        return made


def _scope(report: Report, tested: Tested) -> Scope:
    """What an `assert` knows. Each task may have been skipped; where that is not asked for, an absent value fails the test."""
    shown = {
        name: symbol._replace(
            kind="param" if symbol.kind == "param" else "task",
            skips=name if symbol.kind != "param" and not symbol.loops else "",
        )
        for name, symbol in tested.symbols.items()
        if symbol.kind in ("task", "later", "param")
    }
    scope = Scope(report, shown, skips_consumer=False)
    scope.assumes_present = True
    scope.members = ("all", "status", "attempts", "delays")
    result: Type = tested.workflow.result
    scope.dotted = {"run.status": RUN_STATES, "run.duration": DURATION}
    scope.dotted["run.result"] = result if result.kind == "nothing" else optional(result)
    return scope

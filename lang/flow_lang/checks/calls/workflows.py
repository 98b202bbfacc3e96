"""The workflows that a file may call: its own, and those of the files that it imports."""

from collections.abc import Mapping

from flow_lang.checks.calls.arguments import Callee, Formal
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.named import NamedTuple
from flow_lang.plan import Param
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import Type


class Child(NamedTuple):
    """A workflow as its callers see it. `key` is its name in the plan, `path` the shown path of its file, `name_span` and `spans` where it and its
    parameters are declared there."""

    key: str
    name: str
    params: tuple[Param, ...]
    result: Type
    path: str
    name_span: Span
    spans: Mapping[str, Span]


Workflows = dict[str, Child | None]
"""Those of one file, by name; None for one that is wrong, or calls itself (and is reported)."""


class Callables:
    """`here` are filled in as they are checked; what is called is checked before. `imported` is None where a file could not be read."""

    def __init__(self, here: Workflows, imported: Mapping[str, Workflows | None], report: Report) -> None:
        self.here, self.imported, self.report = here, imported, report

    def find(self, target: tree.Expr) -> tuple[bool, Child | None]:
        """Whether the target names a workflow, and that workflow if it is a good one. What is not there is not reported."""
        if isinstance(target, tree.Ref):
            return target.name in self.here, self.here.get(target.name)
        if not isinstance(target, tree.Field) or not isinstance(target.base, tree.Ref):
            return False, None
        if target.base.name not in self.imported:
            return False, None
        there = self.imported[target.base.name]
        return there is None or target.name.text in there, None if there is None else there.get(target.name.text)

    def callee(self, child: Child) -> Callee:
        other = "" if child.path == self.report.path else child.path
        formals = tuple(
            Formal(
                param.name,
                param.type,
                param.default is None and param.type.kind != "optional",
                Label(child.spans[param.name], f"`{param.type}` is asked for here", other),
            )
            for param in child.params
        )
        names = listed([param.name for param in child.params], "nothing")
        labels = (Label(child.name_span, f"its parameters are {names}", other),)
        return Callee(child.name, formals, labels, f"its parameters are {names}", secrets=False)

    def report_unknown(self, target: tree.Expr) -> None:
        """For `alias.name` that names no workflow, and for what is no name at all."""
        alias = target.base if isinstance(target, tree.Field) else None
        if not isinstance(target, tree.Field) or not isinstance(alias, tree.Ref):
            hint = "a workflow of an imported file is called by two names: quality.check(...)"
            self.report.error("FLOW204", "only workflows and imported functions are called", target.span, "", hint)
            return
        if alias.name not in self.imported:
            otherwise = f'import it: import "{alias.name}.flow" as {alias.name}'
            hint = did_you_mean(alias.name, self.imported, otherwise)
            if self.report.first_unknown(f"import {alias.name}"):
                self.report.error("FLOW201", f"no file is imported as `{alias.name}`", alias.span, "not found", hint)
            return
        names = list(self.imported[alias.name] or ())
        name = target.name
        hint = did_you_mean(name.text, names, f"its workflows are {listed(names)}")
        if self.report.first_unknown(f"{alias.name}.{name.text}"):
            message = f"the file imported as `{alias.name}` has no workflow `{name.text}`"
            self.report.error("FLOW221", message, name.span, "not found", hint)

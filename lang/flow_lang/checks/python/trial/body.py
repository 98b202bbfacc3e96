"""A Python body tried on sample values, statement by statement, until something fails for all values of their types."""

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flow_lang.checks.python.body import function_of
from flow_lang.checks.python.trial.expressions import Trial
from flow_lang.checks.python.trial.fits import misfit
from flow_lang.checks.python.trial.members import NEWER, iterated, of_module
from flow_lang.checks.python.trial.modules import module
from flow_lang.checks.python.trial.samples import ANY, sample
from flow_lang.checks.python.trial.uncertain import Uncertain, uncertain
from flow_lang.checks.python.trial.wrong import Wrong
from flow_lang.named import NamedTuple
from flow_lang.suggest import did_you_mean
from flow_lang.types import Type


class Finding(NamedTuple):
    """`line` counts from 1 and `column` from 0 in the wrapped body; `returned` says that it is about the result."""

    message: str
    hint: str
    line: int
    column: int
    length: int
    returned: bool
    about: str = ""
    """An unknown field, which may have been told elsewhere."""


def tried(wrapped: str, given: Mapping[str, Type], result: Type | None, single: bool) -> Finding | None:
    """The first thing that fails in every run that comes to it. `wrapped` is the body as a function; `result` what it must return, None
    where that says nothing; `single`: one value, not a dict of several."""
    return _tried(wrapped, tuple(given.items()), result, single)


@lru_cache(maxsize=256)
def _tried(wrapped: str, given: tuple[tuple[str, Type], ...], result: Type | None, single: bool) -> Finding | None:
    """An editor asks for the same bodies at each keystroke."""
    function = function_of(wrapped)
    unsure = uncertain(function.body)
    values = {name: ANY if unsure.given else sample(type_) for name, type_ in given}
    body = _Body(Trial(values, set(unsure.names)), unsure, result, single)
    try:
        body.block(function.body)
    except Wrong as wrong:
        return _finding(wrong, isinstance(wrong, _Misfit))
    except RecursionError:  # a sum of thousands: Python runs it, and nothing is known of it
        return None
    return None


class _Misfit(Wrong):
    """A result that is not what was declared."""


def _finding(wrong: Wrong, returned: bool) -> Finding:
    node: Any = wrong.node
    if isinstance(node, ast.Attribute):  # the name after the dot
        line, end = node.end_lineno or 1, node.end_col_offset or 1
        return Finding(wrong.message, wrong.hint, line, end - len(node.attr), len(node.attr), returned, wrong.about)
    length = node.end_col_offset - node.col_offset if node.end_lineno == node.lineno else 1
    return Finding(wrong.message, wrong.hint, node.lineno, node.col_offset, length, returned, wrong.about)


class _Body:
    def __init__(self, trial: Trial, unsure: Uncertain, result: Type | None, single: bool) -> None:
        self.trial, self.unsure, self.result, self.single = trial, unsure, result, single

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            rule = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if rule is not None:
                rule(statement)
            if isinstance(statement, ast.Return | ast.Raise):
                return

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name) and target.id in self.unsure.changed:
            value = [ANY, ANY] if type(value) is list else ANY
        self.trial.bind(target, value)
        self.trial.unknown |= self.unsure.names

    def _expr(self, node: ast.Expr) -> None:
        self.trial.value(node.value)

    def _assign(self, node: ast.Assign) -> None:
        value = self.trial.value(node.value)
        for target in node.targets:
            self._bind(target, value)

    def _annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.trial.value(node.value)
        self._bind(node.target, ANY)

    def _augassign(self, node: ast.AugAssign) -> None:
        self.trial.value(node.value)

    def _return(self, node: ast.Return) -> None:
        value = self.trial.value(node.value) if node.value is not None else None
        if self.result is None or node.value is None:
            return
        found = misfit(node.value, value, self.result, not self.single)
        if found is not None:
            raise _Misfit(found.node, found.message, found.hint, found.about)

    def _for(self, node: ast.For) -> None:
        self._bind(node.target, iterated(node.iter, self.trial.value(node.iter)))
        self.block(node.body)
        self.block(node.orelse)

    def _while(self, node: ast.While) -> None:
        self.trial.value(node.test)
        self.block(node.body)

    def _if(self, node: ast.If) -> None:
        self.trial.value(node.test)
        self.block(node.body)
        self.block(node.orelse)

    def _with(self, node: ast.With) -> None:
        for item in node.items:
            self.trial.value(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, ANY)
        if not any("suppress" in ast.unparse(item.context_expr) for item in node.items):
            self.block(node.body)

    def _raise(self, node: ast.Raise) -> None:
        if node.exc is not None:
            self.trial.value(node.exc)

    def _assert(self, node: ast.Assert) -> None:
        self.trial.value(node.test)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._bind(ast.Name(name), module(alias.name) if "." not in alias.name else ANY)

    def _importfrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            hint = "what is beside the .flow file is imported by its name: from shop import merge"
            raise Wrong(node, "a body is in no package, so that a dot leads nowhere", hint)
        source = module(node.module or "")
        for alias in node.names:
            known = source is ANY or alias.name == "*" or alias.name in NEWER
            if not known and not hasattr(source, alias.name):
                names = [name for name in dir(source) if not name.startswith("_")]
                hint = did_you_mean(alias.name, names, "correct the name, or import it from where it is")
                raise Wrong(alias, f"the module `{node.module}` has no `{alias.name}`", hint)
            value = ANY if source is ANY or alias.name == "*" else of_module(source, alias.name)
            self._bind(ast.Name(alias.asname or alias.name), value)

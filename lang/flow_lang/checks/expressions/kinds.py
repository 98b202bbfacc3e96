"""The types of all kinds of expressions."""

from flow_lang.checks.expressions.applications import Applications
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.expressions.literals import Literals
from flow_lang.checks.expressions.members import Members
from flow_lang.checks.expressions.operations import Operations
from flow_lang.checks.scope import Scope
from flow_lang.diagnostics import Report

_KINDS = (Literals, Members, Operations, Applications)


def expressions(report: Report, scope: Scope) -> Expressions:
    """What checks the expressions of a scope."""
    core = Expressions(report, scope)
    for kind in _KINDS:
        kind(core)
    return core

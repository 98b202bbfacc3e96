"""The types of all kinds of expressions."""

from flow_lang.checks.expressions import applications, literals, members, operations
from flow_lang.checks.expressions.core import Expressions, Rules
from flow_lang.checks.scope import Scope
from flow_lang.diagnostics import Report

_RULES: Rules = {**literals.RULES, **members.RULES, **operations.RULES, **applications.RULES}


def expressions(report: Report, scope: Scope) -> Expressions:
    """What checks the expressions of a scope."""
    return Expressions(report, scope, _RULES)

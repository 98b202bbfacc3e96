"""`fires(after = ..., count = ...)` in an `assert`: the next instants of the workflow's schedule."""

from flow_lang import plan
from flow_lang.checks.expressions.core import WRONG, Checked, Expressions
from flow_lang.checks.expressions.names import called
from flow_lang.suggest import did_you_mean
from flow_lang.syntax import tree
from flow_lang.types import DATETIME, INT, Type, list_of

_EXAMPLE = 'write fires(after = datetime("2026-03-29T00:00:00+01:00"), count = 3)'
_PARAMS = {"after": DATETIME, "count": INT}


def allow_fires(core: Expressions, workflow: plan.Workflow) -> None:
    """Lets the expressions of `core` call `fires`."""
    others = core.rules[tree.Call]

    def call(core: Expressions, node: tree.Call, want: Type | None, lenient: bool) -> Checked:
        return _fires(node, core, workflow) if called(node, "fires") else others(core, node, want, lenient)

    core.rules = {**core.rules, tree.Call: call}


def _fires(node: tree.Call, core: Expressions, workflow: plan.Workflow) -> Checked:
    report = core.report
    if workflow.schedule is None:
        hint = f'give `{workflow.name}` one: schedule = cron("0 2 * * *")'
        report.error("FLOW332", f"`{workflow.name}` has no schedule, so it never fires", node.target.span, "", hint)
        return WRONG
    given: dict[str, Checked] = {}
    for at, argument in enumerate(node.args):
        name = argument.name.text if argument.name else list(_PARAMS)[at] if at < len(_PARAMS) else ""
        if name not in _PARAMS or name in given:
            span = argument.name.span if argument.name else argument.span
            report.error("FLOW211", "`fires` takes no such argument", span, "", did_you_mean(name, _PARAMS, _EXAMPLE))
            return WRONG
        given[name] = core.expect(argument.value, _PARAMS[name], f"`{name}` of `fires`")
    if len(given) < len(_PARAMS):
        report.error("FLOW304", "`fires` needs `after` and `count`", node.span, "", _EXAMPLE)
        return WRONG
    return Checked(["call", "fires", *(given[name].expr for name in _PARAMS)], list_of(DATETIME))

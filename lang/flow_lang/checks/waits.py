"""`wait NAME { approval = "..." }`: what is waited for, and what that gives."""

from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.items import misplaced
from flow_lang.checks.settings.kinds import SETTINGS
from flow_lang.checks.types.assignable import narrows
from flow_lang.diagnostics import Label, Report
from flow_lang.plan import Body
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import BOOL, DATETIME, DURATION, JSON, NOTHING, STR, UNKNOWN, Type

KINDS = ("event", "approval", "duration", "until")
_WANTED = {"event": STR, "approval": STR, "duration": DURATION, "until": DATETIME}
_EXAMPLE = 'write one of approval = "Publish?", event = "name", duration = 1h and until = time'


def wait_task(item: tree.WaitItem, report: Report) -> tree.TaskItem:
    """The task that it is, with a WaitBody; where that is missing, what is wrong has been reported."""
    kept: list[tree.Item] = []
    chosen: list[tree.Setting] = []
    default: tree.Setting | None = None
    unknown = _unknown(item, report)
    for inner in item.items:
        if inner in unknown:
            continue
        if isinstance(inner, tree.Setting) and inner.name.text in KINDS:
            chosen.append(inner)
        elif isinstance(inner, tree.Setting) and inner.name.text == "default" and default is None:
            default = inner
        elif isinstance(inner, tree.Setting | tree.After | tree.Input):
            kept.append(inner)
        else:
            misplaced(inner, "a `wait`", report)
    if not unknown or chosen:
        _check(item, chosen, default, report)
    if chosen:
        kept.append(tree.WaitBody(chosen[0].name, chosen[0].value, default.value if default else None, item.span))
    else:
        kept.append(tree.Wrong((), item.span))
    return tree.TaskItem(item.name, item.clauses, tuple(kept), item.doc, item.span)


def _unknown(item: tree.WaitItem, report: Report) -> list[tree.Setting]:
    """Settings that a wait does not have, reported: very likely one of them was to be what it waits for."""
    known = SETTINGS["a `wait`"]
    found = [inner for inner in item.items if isinstance(inner, tree.Setting) and inner.name.text not in known]
    for inner in found:
        hint = did_you_mean(inner.name.text, known, f"the settings of a `wait` are {listed(known)}")
        report.error("FLOW203", f"a `wait` has no setting `{inner.name.text}`", inner.name.span, "", hint)
    return found


def _check(item: tree.WaitItem, chosen: list[tree.Setting], default: tree.Setting | None, report: Report) -> None:
    settings = {inner.name.text for inner in item.items if isinstance(inner, tree.Setting)}
    if not chosen and not any(isinstance(inner, tree.Wrong) for inner in item.items):
        report.error("FLOW322", f"the wait `{item.name.text}` does not say for what", item.name.span, "", _EXAMPLE)
    for again in chosen[1:]:
        first = (Label(chosen[0].name.span, "the first is here"),)
        hint = f"a wait has one of {listed(KINDS)}; make another wait of the second"
        report.error("FLOW322", "this wait is for two things", again.name.span, "and here", hint, first)
    if default is not None and "timeout" not in settings:
        hint = "say how long: timeout = 4h"
        report.error("FLOW322", "this default is never used: the wait has no timeout", default.name.span, "", hint)


def wait_result(body: tree.WaitBody, written: tree.TypeExpr | None, declared: Type, report: Report) -> Type:
    """What a wait gives. `declared` is the type of its `->`, which is `written`."""
    kind = body.kind.text
    if kind == "event":
        if written is not None and not narrows(declared) and declared.kind not in ("json", "unknown"):
            hint = "let it bring a path as `str`, and make a file of it in a task: in table = file(path)"
            label = (Label(body.kind.span, "an event brings JSON"),)
            report.error("FLOW301", f"no event brings a `{declared}`", written.span, "", hint, label)
            return UNKNOWN
        return JSON if written is None else declared
    if kind == "approval":
        if written is not None and declared != BOOL and declared.kind != "unknown":
            hint = "write -> bool, or nothing: a rejected approval is `false`"
            label = (Label(body.kind.span, "an approval"),)
            report.error("FLOW301", f"an approval gives `bool`, and not `{declared}`", written.span, "", hint, label)
        return BOOL
    if written is not None:
        label = (Label(body.kind.span, "only time passes"),)
        report.error("FLOW301", "this wait gives nothing", written.span, "", "remove the `->`", label)
    return NOTHING


def wait_body(node: tree.WaitBody, result: Type, expressions: Expressions) -> Body:
    kind = node.kind.text
    value = expressions.expect(node.value, _WANTED[kind], f"`{kind}`")
    default = None
    if node.default is not None and result == NOTHING:
        label = (Label(node.kind.span, "only time passes"),)
        hint = "remove it; what comes after the wait goes on when the time has come"
        expressions.report.error("FLOW322", "this wait has no value", node.default.span, "", hint, label)
    elif node.default is not None:
        default = expressions.expect(node.default, result, "`default`").expr
    return Body("wait", function=kind, payload=value.expr, default=default)

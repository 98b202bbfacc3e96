"""The limits of a task, as far as what runs its body can hold them."""

from flow_lang.checks.kind import Kind
from flow_lang.diagnostics import Report
from flow_lang.plan import Limits
from flow_lang.suggest import listed
from flow_lang.syntax import tree


def held_limits(limits: Limits, section: tree.Section | None, kind: Kind, report: Report) -> Limits:
    """`limits` without those that bodies of this kind do not have. One of the task's own `section` is a mistake, since nobody would hold
    it; one of the workflow's `defaults` is for other tasks."""
    if section is None and not any(limits):
        return limits
    refused = [name for name in Limits._fields if name not in kind.limits]
    settings = [item for item in section.items if isinstance(item, tree.Setting)] if section is not None else []
    wrong = [item.name for item in settings if item.name.text in refused]
    if wrong:
        has = f"of limits it has {listed(kind.limits)}" if kind.limits else "give the task a `timeout` instead"
        what = f"limit{'s' if len(wrong) > 1 else ''} {listed([name.text for name in wrong])}"
        message = f"`{kind.word}` has no {what}"
        hint = f"it runs no program of its own; {has}"
        report.error("FLOW203", message, wrong[0].span, "nothing would hold it", hint)
    return limits._replace(**dict.fromkeys(refused))

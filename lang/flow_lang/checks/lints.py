"""What a whole workflow without an error may still be asked about: results for nobody, requests without an end."""

from flow_lang import plan
from flow_lang.checks.expressions.constants import references
from flow_lang.checks.kind import Kinds
from flow_lang.diagnostics import Report
from flow_lang.syntax import tree


def lint_workflow(item: tree.WorkflowItem, made: plan.Workflow, report: Report, kinds: Kinds) -> None:
    """Warnings; for a workflow that has been checked and found right."""
    items = {inner.name.text: inner for inner in item.items if isinstance(inner, tree.TaskItem)}
    _unused(items, made, report)
    _without_timeout(items, made, report, kinds)


def _unused(items: dict[str, tree.TaskItem], made: plan.Workflow, report: Report) -> None:
    """A declared result that nobody uses. A workflow that returns nothing is there for what its tasks do and leave."""
    if made.returns is None:
        return
    used = {need.task for task in made.tasks for need in task.needs}
    used |= {task.of for task in made.tasks if "result" in task.reads}
    used |= {name.split(".")[0] for name in references(made.returns)}
    for name, item in items.items():
        declared = any(isinstance(part, tree.ResultClause | tree.Output) for part in (*item.clauses, *item.items))
        if name not in used and declared:
            hint = (
                f"use it, return it, or leave out the result that `{name}` declares; `after [{name}]` counts as a use"
            )
            message = f"nothing uses the result of `{name}`"
            report.warning("FLOW520", message, item.name.span, "declares a result", hint)


def _without_timeout(items: dict[str, tree.TaskItem], made: plan.Workflow, report: Report, kinds: Kinds) -> None:
    for task in made.tasks:
        asks = task.body.kind in kinds and kinds[task.body.kind].asks
        if not asks or task.timeout is not None or task.deadline is not None or task.name not in items:
            continue
        body = next((part for part in items[task.name].items if isinstance(part, tree.KindBody)), None)
        if body is not None:
            hint = "a server may never answer: add timeout = 1m, or defaults { timeout = 1m } to the workflow"
            report.warning("FLOW521", f"the request of `{task.name}` has no timeout", body.word.span, "", hint)

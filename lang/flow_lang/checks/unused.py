"""Declarations that nothing uses: imports, types and policies of a file, parameters, secrets and pools of a workflow."""

import re
from collections.abc import Iterator, Mapping

from flow_lang import plan
from flow_lang.checks.expressions.constants import references
from flow_lang.checks.imports.files import FlowFile
from flow_lang.checks.used_names import UsedNames, named
from flow_lang.diagnostics import Report, Span, in_file
from flow_lang.syntax import tree


def lint_unused(file: FlowFile, made: Mapping[str, plan.Workflow], names: UsedNames) -> None:
    """Warnings; for a file that has been checked and found right, with its workflows by name. `names` are those of its earlier versions."""
    for item in file.tree.items:
        if isinstance(item, tree.WorkflowItem):
            _of_workflow(item, made[item.name.text], file)
    declared = list(_declared(file, _is_program(file, made)))
    if declared:
        used = names.of(file.tree) | _told(file.report)
        for what, name in declared:
            if name.text not in used:
                _warn(file.report, what, name.text, name.span, "remove it, or use it")


def _declared(file: FlowFile, program: bool) -> Iterator[tuple[str, tree.Name]]:
    """What of the file has a name that only the file itself uses. What others may import may be there for them."""
    for item in file.tree.items:
        if isinstance(item, tree.Import):
            stem = (item.path.plain or "").rsplit("/", 1)[-1].removesuffix(".flow")
            yield "imported file", item.alias or tree.Name(stem, item.path.span)
        elif isinstance(item, tree.FromImport):
            yield from (("imported function", alias) for _, alias in item.names)
        elif isinstance(item, tree.Policy) and program:
            yield "policy", item.name
        elif isinstance(item, tree.RecordType | tree.TypeAliasItem) and program:
            yield "type", item.name


def _is_program(file: FlowFile, made: Mapping[str, plan.Workflow]) -> bool:
    """Whether the file is there to be run, and not a collection that others import: nobody imports it here, and its last workflow calls
    all its others."""
    names = [item.name.text for item in file.tree.items if isinstance(item, tree.WorkflowItem)]
    if file.path or not names:
        return False
    reached, pending = {names[-1]}, [names[-1]]
    while pending:
        called = {task.body.function for task in made[pending.pop()].tasks if task.body.kind == "child"}
        new = [name for name in names if name in called and name not in reached]
        reached |= set(new)
        pending += new
    return reached >= set(names)


def _told(report: Report) -> set[str]:
    """The names that another warning is about: that a script spells a parameter in another tool's way says all."""
    return {name for diagnostic in report.diagnostics for name in re.findall(r"`(\w+)`", diagnostic.message)}


def _of_workflow(item: tree.WorkflowItem, made: plan.Workflow, file: FlowFile) -> None:
    report = file.report
    used = _read(made) | _told(report)
    for param in item.params:
        if param.name.text not in used:
            hint = "use it in a task, or remove it; who runs the workflow gives it for nothing"
            _warn(report, "parameter", param.name.text, param.name.span, hint)
    secrets = {secret.name: secret for secret in made.secrets}
    sections = tuple(inner for inner in item.items if isinstance(inner, tree.Section))
    pools = {task.pool for task in made.tasks} | set(named(sections))
    for inner in item.items:
        if isinstance(inner, tree.SecretItem) and inner.name.text not in {
            n for task in made.tasks for n in task.secrets
        }:
            if not _in_environment(secrets[inner.name.text], inner, item, file):
                hint = f"write ~{{{inner.name.text}}} in a shell body or a header, or remove it"
                _warn(report, "secret", inner.name.text, inner.name.span, hint)
        elif isinstance(inner, tree.PoolItem) and inner.name.text not in pools:
            hint = f"write pool = {inner.name.text} in the tasks that are to share its slots, or remove it"
            _warn(report, "pool", inner.name.text, inner.name.span, hint)


def _read(made: plan.Workflow) -> set[str]:
    """The names that the tasks of a workflow and its result use."""
    used = set(references(made.returns)) if made.returns is not None else set()
    for task in made.tasks:
        used.update(task.reads)
        for clause in task.loop:
            used.update(references(clause.source))
    return used


def _in_environment(secret: plan.Secret, item: tree.SecretItem, owner: tree.WorkflowItem, file: FlowFile) -> bool:
    """Whether the variable of a secret is named elsewhere in the workflow: a body has it in its environment anyway, and the declaration keeps
    it out of logs."""
    text, outer, inner = file.source.text, in_file(owner.span, file.lines), in_file(item.span, file.lines)
    around = text[outer.start : inner.start] + text[inner.end : outer.end]
    return secret.source == "env" and re.search(rf"\b{re.escape(secret.key)}\b", around) is not None


def _warn(report: Report, what: str, name: str, span: Span, hint: str) -> None:
    report.warning("FLOW524", f"nothing uses the {what} `{name}`", span, "", hint)

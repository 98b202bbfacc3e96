"""What an `http` task can give: the answer of a server is text, JSON, or the content of one file."""

from flow_lang.checks.shape import Shape
from flow_lang.checks.types.assignable import narrows
from flow_lang.diagnostics import Report
from flow_lang.syntax import tree
from flow_lang.types import Type, present


def check_answer(task: tree.TaskItem, shape: Shape, report: Report) -> None:
    """Reports a result that no answer can be, such as a folder, or files in a list."""
    for clause in task.clauses:
        if isinstance(clause, tree.ResultClause) and shape.single:
            _check(clause.type, shape.result, report)
    for item in task.items:
        if isinstance(item, tree.Output):
            _check(item.type, shape.result.field(item.name.text), report)


def _check(written: tree.TypeExpr, type_: Type | None, report: Report) -> None:
    if type_ is None or present(type_).kind in ("file", "json", "unknown") or narrows(type_):
        return
    hint = "an answer is text, JSON, or the content of one file: -> file"
    if present(type_).kind == "dir":
        hint = "take it as a `file`, and unpack that in a task of its own"
    report.error("FLOW301", f"the answer of a server is no `{type_}`", written.span, "", hint)

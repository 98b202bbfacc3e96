"""What the heading of a task and its `out`s say."""

from flow_lang.checks.items import BodyItem
from flow_lang.checks.scope import OWN_NAMES
from flow_lang.checks.shape import Shape
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.waits import wait_result
from flow_lang.diagnostics import Label
from flow_lang.syntax import tree
from flow_lang.types import NOTHING, UNKNOWN, Type, list_of, record


def shape_of(item: tree.TaskItem, context: Context) -> Shape:
    """The result type of a task. `->` and `out` exclude one another; a `call` alone has the result of its function."""
    loops = any(isinstance(clause, tree.ForClause) for clause in item.clauses)
    results = [clause for clause in item.clauses if isinstance(clause, tree.ResultClause)]
    outputs = [inner for inner in item.items if isinstance(inner, tree.Output)]
    written = results[0].type if results else None
    if results and (len(results) > 1 or outputs):
        second = results[1].span if len(results) > 1 else outputs[0].span
        hint = "`-> T` is for one result; several are `out name: T`, each on its own line"
        first = (Label(results[0].span, "declared here"),)
        context.report.error("FLOW313", "the result is declared twice", second, "and here", hint, first)
    declared = context.types.resolve(written) if written is not None else NOTHING
    for inner in item.items:
        if isinstance(inner, tree.WaitBody):
            result = wait_result(inner, written, declared, context.report)
            return Shape(result, result != NOTHING, loops)
    if written is not None:
        return Shape(declared, True, loops)
    if outputs:
        return Shape(_outputs_type(outputs, context), False, loops)
    if not any(isinstance(inner, BodyItem) for inner in item.items):
        return Shape(UNKNOWN, True, loops)  # reported as a task without a body
    for inner in item.items:
        if isinstance(inner, tree.CallBody):
            result = _returned(inner.call.target, context)
            return Shape(result, result != NOTHING, loops)
    return Shape(NOTHING, False, loops)


def _returned(target: tree.Expr, context: Context) -> Type:
    found = context.imported.get(target.name) if isinstance(target, tree.Ref) else None
    if found is not None:
        return found.function.result if found.function is not None else UNKNOWN
    child = context.workflows.find(target)[1]
    return child.result if child is not None else UNKNOWN


def _outputs_type(outputs: list[tree.Output], context: Context) -> Type:
    fields: dict[str, Type] = {}
    for output in outputs:
        name = output.name.text
        if name in OWN_NAMES:
            hint = "choose another name; those mean something for every task"
            context.report.error("FLOW210", f"`{name}` cannot be the name of a result", output.name.span, "", hint)
        if name in fields:
            first = next(o.name.span for o in outputs if o.name.text == name)
            context.report.error(
                "FLOW202",
                f"`{name}` is declared twice",
                output.name.span,
                "again here",
                "rename one",
                (Label(first, "first here"),),
            )
        fields[name] = context.types.resolve(output.type)
    return record("", fields)


def lifted(shape: Shape) -> Type:
    """The type of the task's name, not counting `when`."""
    return list_of(shape.result) if shape.loops and shape.result.kind != "nothing" else shape.result

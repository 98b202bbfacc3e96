"""Files that the tasks of a sent source look for beside it, where nothing is: a `glob` there would be empty, and the run succeed."""

from collections.abc import Iterator
from typing import Any

from flow_lang.diagnostics import Diagnostic, Label, Span
from flow_lang.plan import Plan, Task


def relative_files(plan: Plan, why: str) -> list[Diagnostic]:
    """One diagnostic for each relative path that a task or the result of the entry workflow names literally."""
    workflow = plan.workflow
    parts: list[tuple[int, Any]] = [(task.line, task) for task in workflow.tasks]
    if workflow.returns is not None:
        parts.append((workflow.line, workflow.returns))
    return [
        Diagnostic(
            "FLOW213", "error", f'{function}("{path}") finds nothing, since {why}', _line(plan, line), path=plan.file
        )
        for line, part in parts
        for function, path in _named(part)
    ]


def _named(part: Task | Any) -> Iterator[tuple[str, str]]:
    """Each `file` and `glob` with a path whose beginning is known and is not the root."""
    if not isinstance(part, list | tuple):
        return
    match part:
        case ["call", "file" | "glob" as function, ["lit", str(path)] | ["interp", ["lit", str(path)], *_]] if path[
            :1
        ] not in ("", "/"):
            yield function, path
    for inner in part:
        yield from _named(inner)


def _line(plan: Plan, number: int) -> Label:
    lines = plan.sources[plan.file].splitlines(keepends=True)
    start = sum(map(len, lines[: number - 1]))
    text = lines[number - 1] if number <= len(lines) else ""
    indent = len(text) - len(text.lstrip())
    return Label(Span(start + indent, start + len(text.rstrip())))

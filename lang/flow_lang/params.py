"""Parameters from outside: texts of a command line and JSON values, against what a workflow declares.

This module is on the path of every run, so it imports little.
"""

from typing import Any

from flow_lang.diagnostics import Diagnostic, Label, Span
from flow_lang.evaluate import EvaluationError, Files, evaluate
from flow_lang.plan import Param, Workflow
from flow_lang.suggest import did_you_mean, listed
from flow_lang.types import Type, present
from flow_lang.values import File, Mismatch, decode, encode, parse_text


def bind(
    workflow: Workflow,
    texts: dict[str, str],
    values: dict[str, Any],
    path: str,
    files: Files | None = None,
    outside: Files | None = None,
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The encoded value of every parameter, defaults filled in, and what is wrong.

    `texts` are written by a person (scalars literally, the rest as JSON) and win over `values`, which are JSON. `path` is the file,
    for the diagnostics. `files` is needed only for defaults such as `file("x")`; with `outside`, paths that were given start at its
    folder, and what they name must be there.
    """
    wrong = [_unknown(name, workflow, path) for name in (*texts, *values) if name not in _names(workflow)]
    bound: dict[str, Any] = {}
    for param in workflow.params:
        try:
            value, given = _value(param, texts, values, files)
            if outside is not None and (param.name in texts or param.name in values):
                value = located(param.type, value, outside)
            if given:
                bound[param.name] = encode(param.type, value)
            else:
                wrong.append(_missing(param, workflow, path))
        except Mismatch as error:
            wrong.append(_mistyped(param, error, path))
        except EvaluationError as error:
            message = f"the default of `{param.name}` has no value: {error}"
            wrong.append(_diagnostic("FLOW306", message, f"give it: -p {param.name}=...", path))
    return bound, list(dict.fromkeys(wrong))


def _names(workflow: Workflow) -> list[str]:
    return [param.name for param in workflow.params]


def _value(param: Param, texts: dict[str, str], values: dict[str, Any], files: Files | None) -> tuple[Any, bool]:
    """The value in memory, and whether there is one."""
    if param.name in texts:
        return parse_text(param.type, texts[param.name]), True
    if param.name in values:
        return decode(param.type, values[param.name]), True
    if param.default is not None:
        return evaluate(param.default, {}, files), True
    return None, param.type.kind == "optional"


def located(type_: Type, value: Any, outside: Files) -> Any:
    """The value with each file's path made absolute, from the folder of `outside`, and its size found. Raises Mismatch where one is not there."""
    kind = present(type_)
    if isinstance(value, File):
        try:
            return outside.stat(value.path)
        except OSError as error:
            raise Mismatch(type_, f"{value.path} ({error.strerror})") from error
    if isinstance(value, list):
        return [located(kind.item or kind, item, outside) for item in value]
    if isinstance(value, dict):
        return {key: located(kind.field(key) or kind.item or kind, item, outside) for key, item in value.items()}
    return value


def _diagnostic(code: str, message: str, hint: str, path: str) -> Diagnostic:
    return Diagnostic(code, "error", message, Label(Span(0, 0)), (), hint, path)


def _unknown(name: str, workflow: Workflow, path: str) -> Diagnostic:
    names = _names(workflow)
    known = (
        f"the parameters of `{workflow.name}` are {listed(names)}"
        if names
        else f"`{workflow.name}` takes no parameters"
    )
    return _diagnostic("FLOW208", f"there is no parameter `{name}`", did_you_mean(name, names, known), path)


def _missing(param: Param, workflow: Workflow, path: str) -> Diagnostic:
    example = _example(param.type)
    message = f"the parameter `{param.name}: {param.type}` of `{workflow.name}` is missing"
    doc = f" ({param.doc.splitlines()[0]})" if param.doc else ""
    return _diagnostic("FLOW209", message, f"give one{doc}: -p {param.name}={example}", path)


def _mistyped(param: Param, error: Mismatch, path: str) -> Diagnostic:
    at = f" at {error.where.lstrip('.')}" if error.where else ""
    hint = f"`{param.type}` is written like {_example(param.type)}"
    kind = present(param.type)
    if kind.kind == "enum":
        shown = error.shown.strip("'\"")
        hint = did_you_mean(shown, kind.names, f"it is one of {listed(kind.names)}")
    message = f"the parameter `{param.name}` must be `{param.type}`, and{at} is {error.shown}"
    return _diagnostic("FLOW306", message, hint, path)


_EXAMPLES = {
    "str": "text",
    "int": "12",
    "float": "0.5",
    "bool": "true",
    "date": "2026-01-31",
    "datetime": "2026-01-31T12:00:00Z",
    "duration": "1h30m",
    "size": "64MiB",
    "file": "data/input.csv",
    "dir": "data",
    "json": '{"a":1}',
}


def _example(type_: Type) -> str:
    kind = present(type_)
    if kind.kind == "enum":
        return kind.names[0]
    if kind.kind == "list":
        return f"'[{_json_example(kind.item)}]'"
    if kind.kind == "map":
        return f"'{{\"key\": {_json_example(kind.item)}}}'"
    if kind.kind == "record":
        return "'" + _json_example(kind) + "'"
    return _EXAMPLES.get(kind.kind, "value")


def _json_example(type_: Type | None) -> str:
    kind = present(type_) if type_ is not None else Type("str")
    if kind.kind == "record":
        return "{" + ", ".join(f'"{n}": {_json_example(t)}' for n, t in zip(kind.names, kind.fields, strict=True)) + "}"
    if kind.kind == "list":
        return f"[{_json_example(kind.item)}]"
    if kind.kind == "map":
        return f'{{"key": {_json_example(kind.item)}}}'
    text = _example(kind)
    return text if kind.kind in ("int", "float", "bool", "json") else f'"{text}"'

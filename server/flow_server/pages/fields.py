"""The fields of a form, made from the types of what it asks for."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from flow_lang.evaluate import EvaluationError, evaluate
from flow_lang.plan import Param
from flow_lang.types import Type, present
from flow_lang.values import Mismatch, encode

from flow_server.pages.value_texts import ABSENT, control_of, read, same_lines, texts_of

_LONG = 80
"""Characters of a line that a one-line control shows."""
_HINTS = {
    "lines": "one a line",
    "pairs": "one key = value a line",
    "json": "as JSON",
    "date": "such as 2026-01-31",
    "datetime": "such as 2026-01-31T12:00:00Z, with its zone",
    "duration": "such as 250ms, 30s, 5m, 1h30m or 1d",
    "size": "such as 64KiB, 512MiB or 10MB",
    "file": "its path, as the workers see it",
    "dir": "its path, as the workers see it",
}


class Field(NamedTuple):
    """`control`: `line`, `area`, `choice` (one of `options`) or `group` (of `inner`). `wrong`: why it is not taken as it is."""

    name: str
    label: str
    type: str
    control: str
    text: str = ""
    options: tuple[str, ...] = ()
    hint: str = ""
    doc: str = ""
    wrong: str = ""
    required: bool = False
    mode: str = "text"
    inner: tuple["Field", ...] = ()

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")


def field_of(
    type_: Type, name: str, label: str, form: Mapping[str, str], wrong: Mapping[str, str], required: bool = False
) -> Field:
    """With what is in `form`, by the name of the control, and what is wrong with it."""
    kind, control = present(type_), control_of(type_)
    if control == "group":
        fields = zip(kind.names, kind.fields, strict=True)
        inner = tuple(
            field_of(item, f"{name}.{field}", field, form, wrong, required and item.kind != "optional")
            for field, item in fields
        )
        return Field(name, label, str(type_), "group", wrong=wrong.get(name, ""), inner=inner)
    text = form.get(name, "")
    shown = Field(name, label, str(type_), "line", text, (), _HINTS.get(control, ""), "", wrong.get(name, ""), required)
    if control in ("bool", "enum"):
        values = kind.names if control == "enum" else ("true", "false")
        return shown._replace(control="choice", options=values)
    if control in ("lines", "pairs", "json") or not {"\n", "\r"}.isdisjoint(text) or len(text) > _LONG:
        return shown._replace(control="area")
    return shown._replace(mode={"int": "numeric", "float": "decimal"}.get(control, "text"))


def param_fields(params: Iterable[Param], form: Mapping[str, str], wrong: Mapping[str, str]) -> list[Field]:
    found = []
    for param in params:
        needed = param.default is None and param.type.kind != "optional"
        field = field_of(param.type, f"p.{param.name}", param.name, form, wrong, needed)
        hint = "; ".join(part for part in (field.hint, _emptied_hint(param)) if part)
        found.append(field._replace(doc=param.doc, hint=hint))
    return found


def _emptied_hint(param: Param) -> str:
    """What `_emptied` makes of it, where that is not plain."""
    if param.default is None:
        return ""
    if default_of(param) is ABSENT:
        return "left empty, the workflow gives it a value"
    if param.type.kind == "optional":
        return "left empty, it is null"
    if param.type.kind in ("list", "map"):
        return "left empty, it has no items"
    return "" if param.type.kind in ("str", "record") else "left empty, it has its default"


def param_texts(params: Iterable[Param], values: Mapping[str, Any] | None = None) -> dict[str, str]:
    """What the form begins with: the values of an earlier run, where there are any, else the defaults."""
    found: dict[str, str] = {}
    for param in params:
        found |= _shown(param, values)[1]
    return found


def _shown(param: Param, values: Mapping[str, Any] | None) -> tuple[Any, dict[str, str]]:
    """What the form begins with: the value, or ABSENT, and the text of each control."""
    value = default_of(param) if values is None or param.name not in values else values[param.name]
    try:
        return value, texts_of(param.type, f"p.{param.name}", None if value is ABSENT else value)
    except (Mismatch, AttributeError):  # the earlier run's workflow had another type for it
        return ABSENT, texts_of(param.type, f"p.{param.name}", None)


def param_values(
    params: Iterable[Param], form: Mapping[str, str], values: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values that were written, by parameter, in their JSON form; and what is wrong, by the name of the control. `values` are those
    with which the form began: one whose controls are as they were is kept as it is, for not each has a text of its own."""
    wrong: dict[str, str] = {}
    found: dict[str, Any] = {}
    for param in params:
        value, texts = _shown(param, values)
        if value is ABSENT or not _is_untouched(texts, form):
            value = read(param.type, f"p.{param.name}", form, wrong)
        if value is ABSENT:
            value = _emptied(param, form, wrong)
        if value is not ABSENT:
            found[param.name] = value
    return found, wrong


def _is_untouched(texts: Mapping[str, str], form: Mapping[str, str]) -> bool:
    return all(name in form and same_lines(form[name]) == same_lines(text) for name, text in texts.items())


def _emptied(param: Param, form: Mapping[str, str], wrong: Mapping[str, str]) -> Any:
    """Of a control that is there and empty, where the parameter has a default that was shown: an optional is null, and a list or map has
    no items; another has its default, which ABSENT means."""
    name = f"p.{param.name}"
    is_there = any(key == name or key.startswith(f"{name}.") for key in form)
    is_wrong = any(key == name or key.startswith(f"{name}.") for key in wrong)
    if not is_there or is_wrong or default_of(param) is ABSENT:
        return ABSENT
    empty: dict[str, Any] = {"optional": None, "list": [], "map": {}}
    return empty.get(param.type.kind, ABSENT)


def default_of(param: Param) -> Any:
    """In its JSON form; ABSENT where it has none, or one that depends on where and when the run begins."""
    if param.default is None:
        return ABSENT
    try:
        return encode(param.type, evaluate(param.default, {}))
    except (EvaluationError, Mismatch):
        return ABSENT

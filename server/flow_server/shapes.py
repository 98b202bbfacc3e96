"""What a request may hold, as models: they validate it, and the OpenAPI document is made of them.

The description of a field is what it must be: `a whole number from 1 to 500`. The document shows it, and the answer to a wrong one
says it.
"""

import difflib
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from starlette.datastructures import QueryParams

from flow_server.problem import Problem

NAME_LENGTH = 200


class Body(BaseModel):
    """The JSON object in a request's body. A field that is null counts as not given."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """The parameters in a URL, each at most once; an empty one counts as not given."""

    model_config = ConfigDict(extra="forbid")


B = TypeVar("B", bound=Body)
Q = TypeVar("Q", bound=Query)


def _digits(text: object) -> object:
    if isinstance(text, str) and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError("no digits")
    return text


def printable(text: str) -> str:
    """Raises ValueError."""
    if not text.isprintable():
        raise ValueError("not printable")
    return text


def _moment(text: object) -> object:
    found = datetime.fromisoformat(text) if isinstance(text, str) else None
    if found is None or found.tzinfo is None:
        raise ValueError("no time with a zone")
    return found.timestamp()


Whole = Annotated[int, BeforeValidator(_digits)]
"""Of a query."""
Flag = Annotated[Literal[0, 1], BeforeValidator(lambda text: int(text) if text in ("0", "1") else text)]
Moment = Annotated[
    float,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Seconds since the epoch, given as ISO 8601 with a zone."""
A_MOMENT = "a time with a zone, as in 2026-01-31T12:00:00Z"
Name = Annotated[
    str,
    Field(max_length=NAME_LENGTH, description=f"a name of at most {NAME_LENGTH} printable characters"),
    AfterValidator(printable),
]


def wrong_field(name: str, message: str) -> Problem:
    return Problem(422, "wrong-field", f"`{name}`: {message}", field=name)


def read_body(found: object, model: type[B]) -> B:
    """Raises Problem, which names the first wrong field."""
    if not isinstance(found, dict):
        raise Problem(422, "wrong-field", f"the body must be one JSON object, and is {kind_of(found)}")
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise _problem(error, model) from None


def read_query(query: QueryParams, model: type[Q]) -> Q:
    """Raises Problem, for one that is not known as well: a misspelt filter would give everything."""
    if not query:
        return model()
    names = [field.alias or name for name, field in model.model_fields.items()]
    for name in query:
        if len(query.getlist(name)) > 1:
            raise _wrong_query(f"`{name[:50]}` is given {len(query.getlist(name))} times; give it once")
        if name not in names:
            there_are = f"there are: {', '.join(names)}" if names else "this route has none"
            raise _wrong_query(f"there is no query parameter `{name[:50]}`; {there_are}")
    try:
        return model.model_validate({name: text for name, text in query.items() if text})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = _field(model, first["loc"])
        what = field.description if field is not None else first["msg"]
        raise _wrong_query(f"`{first['loc'][0]}` must be {what}, and is {str(first['input'])[:50]!r}") from None


def _wrong_query(detail: str) -> Problem:
    return Problem(422, "wrong-query", detail)


def kind_of(value: object) -> str:
    return "null" if value is None else _NAMES[type(value)]


_NAMES: dict[type, str] = {
    str: "a string",
    int: "an integer",
    dict: "an object",
    list: "a list",
    bool: "true or false",
    float: "a number",
}


def _problem(error: ValidationError, model: type[Body]) -> Problem:
    """`field` is the one of the body itself; `detail` has the whole place, as in `runs[3].priority`."""
    found = error.errors(include_url=False)
    # a field that nobody knows explains why another is missing
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    top = str(first["loc"][0])[:100]
    return Problem(422, "wrong-field", f"`{_place(first['loc'])}`: {_told(first, model)}", field=top)


def _told(error: ErrorDetails, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        names = [field.alias or name for name, field in _owner(model, error["loc"]).model_fields.items()]
        close = difflib.get_close_matches(str(error["loc"][-1])[:100], names, 1)
        hint = f"did you mean `{close[0]}`?" if close else f"there are: {', '.join(names)}"
        return f"there is no such field; {hint}"
    field = _field(model, error["loc"])
    what = field.description if field is not None and field.description else error["msg"]
    if error["type"] == "missing":
        return f"is missing; it is {what}"
    return f"must be {what}, and is {_shown(error['input'])}"


def _shown(value: object) -> str:
    if isinstance(value, str | list):
        return f"{kind_of(value)} of {len(value):,} {'characters' if isinstance(value, str) else 'items'}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)[:50]
    return kind_of(value)


def _place(parts: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:100]}" for part in parts if part != "[key]")
    return text.removeprefix(".")[:200]


def _field(model: type[BaseModel], parts: tuple[int | str, ...]) -> FieldInfo | None:
    """The innermost field of a place that is one of a model."""
    found: FieldInfo | None = None
    inner: type[BaseModel] | None = model
    for part in parts:
        if inner is None or not isinstance(part, str):
            continue
        named = next((field for name, field in inner.model_fields.items() if part in (name, field.alias)), None)
        if named is None:
            return found
        found, inner = named, _model_in(named.annotation)
    return found


def _owner(model: type[BaseModel], parts: tuple[int | str, ...]) -> type[BaseModel]:
    field = _field(model, parts[:-1])
    return (_model_in(field.annotation) if field is not None else None) or model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)

"""Expressions of a plan, turned into functions.

An expression is `[operator, operand...]`; `compile_expr` gives a function of a `Scope`. Operators:

    ["lit", JSON]                     a str, int, float, bool, null, or a list of such
    ["typed", TYPE, JSON]             a literal of another type, decoded once: ["typed", "duration", 30]
    ["ref", NAME]                     a parameter, `for` variable, input or task
    ["field", X, NAME]                a record's field, or a property of a file (path name stem size)
    ["maybe", X, NAME]            the same, and null where X is null
    ["each", XS, NAME]                the field of every element (null of null): `clean.rows` of a `for` task; null where XS is null
    ["find", X, KEY]                  the field or element KEY of a record, map, list or json; null where X is null or has none
    ["as", TYPE, X]                   X as a value of TYPE: json as what it is to be, an int as a float, a date in `json` as its text
    ["sure", X, TEXT]                 X, which is not absent; TEXT says what it is
    ["index", X, I]                   element of a list (negative counts from the end) or of a map
    ["list", X...]  ["record", [NAME, X]...]
    ["interp", PART...]               a string; each PART an expression, shown by `values.to_text`
    ["call", FUNCTION, X...]          a standard function (functions.py)
    ["not", X] ["neg", X] ["present", X] ["??", X, DEFAULT] ["and", X, Y] ["or", X, Y]
    ["+", X, Y] and so on for - * / // % == != < <= > >= in
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flow_lang.named import NamedTuple
from flow_lang.plan import Expr
from flow_lang.types import from_json
from flow_lang.values import File, Mismatch, coerce, decode, to_text


class EvaluationError(Exception):
    """An expression that is well typed and has no value: index out of range, division by zero, an absent file."""


class Files(Protocol):
    """What the functions that touch files need; the language itself does no I/O. Relative paths start at the flow file's folder."""

    def stat(self, path: str) -> File: ...
    def glob(self, pattern: str) -> list[File]: ...
    def write(self, suffix: str, text: str) -> File: ...


class Scope(NamedTuple):
    values: Mapping[str, Any]
    files: Files | None = None


Compiled = Callable[[Scope], Any]


def compile_expr(expr: Expr) -> Compiled:
    """A function that evaluates `expr`; it raises EvaluationError with the reason where there is no value, and nothing else: an
    engine with many runs goes on where the values of one are not what its types say."""
    compiled = _compile(expr)

    def run(scope: Scope) -> Any:
        try:
            return compiled(scope)
        except (TypeError, AttributeError, ValueError, ArithmeticError, LookupError) as error:
            raise EvaluationError(f"a value is not what it is used as: {error}") from error

    return run


def _compile(expr: Expr) -> Compiled:
    head, *operands = expr
    if head in _BUILDERS:
        return _BUILDERS[head](*operands)
    return _binary(head, *operands)


def evaluate(expr: Expr, values: Mapping[str, Any], files: Files | None = None) -> Any:
    return compile_expr(expr)(Scope(values, files))


def _literal(value: Any) -> Compiled:
    return lambda scope: value


def _typed(spec: Any, value: Any) -> Compiled:
    return _literal(decode(from_json(spec), value))


def _ref(name: str) -> Compiled:
    return lambda scope: scope.values[name]


def _field(base: Expr, name: str) -> Compiled:
    subject = _compile(base)
    return lambda scope: _get(subject(scope), name)


def _maybe(base: Expr, name: str) -> Compiled:
    subject = _compile(base)

    def run(scope: Scope) -> Any:
        value = subject(scope)
        return None if value is None else _get(value, name)

    return run


def _each(base: Expr, name: str) -> Compiled:
    subject = _compile(base)

    def run(scope: Scope) -> Any:
        items = subject(scope)
        return None if items is None else [None if item is None else _get(item, name) for item in items]

    return run


def _find(base: Expr, at: Expr) -> Compiled:
    subject, position = _compile(base), _compile(at)

    def run(scope: Scope) -> Any:
        value, key = subject(scope), position(scope)
        try:
            return value[key]
        except (LookupError, TypeError):
            return None

    return run


def _as(spec: Any, base: Expr) -> Compiled:
    type_, subject = from_json(spec), _compile(base)

    def run(scope: Scope) -> Any:
        try:
            return coerce(type_, subject(scope))
        except Mismatch as error:
            raise EvaluationError(f"a value of json is not what is asked for: {error}") from error

    return run


def _get(value: Any, name: str) -> Any:
    if isinstance(value, File):
        return getattr(value, name)
    if isinstance(value, dict):
        if name in value:
            return value[name]
        raise EvaluationError(f"there is no field {name!r}; there are: {', '.join(map(str, value)) or 'none'}")
    if value is None:
        raise EvaluationError(f"the value whose field {name!r} is asked for is absent")
    raise EvaluationError(f"{to_text(value)[:200]} has no field {name!r}")


def _sure(base: Expr, text: str) -> Compiled:
    subject = _compile(base)

    def run(scope: Scope) -> Any:
        value = subject(scope)
        if value is None:
            raise EvaluationError(f"`{text}` is absent")
        return value

    return run


def _index(base: Expr, at: Expr) -> Compiled:
    subject, position = _compile(base), _compile(at)

    def run(scope: Scope) -> Any:
        value, key = subject(scope), position(scope)
        try:
            return value[key]
        except IndexError:
            raise EvaluationError(f"index {key} is outside a list of {len(value)}") from None
        except (KeyError, TypeError):
            there = "what is absent" if value is None else to_text(value)[:200]
            raise EvaluationError(f"there is no {key!r} in {there}") from None

    return run


def _list(*items: Expr) -> Compiled:
    compiled = [_compile(item) for item in items]
    return lambda scope: [item(scope) for item in compiled]


def _record(*fields: tuple[str, Expr]) -> Compiled:
    compiled = [(name, _compile(item)) for name, item in fields]
    return lambda scope: {name: item(scope) for name, item in compiled}


def _interp(*parts: Expr) -> Compiled:
    compiled = [_compile(part) for part in parts]
    return lambda scope: "".join([to_text(part(scope)) for part in compiled])


def _call(name: str, *args: Expr) -> Compiled:
    from flow_lang.functions import FUNCTIONS

    function, compiled = FUNCTIONS[name], [_compile(arg) for arg in args]

    def run(scope: Scope) -> Any:
        if scope.files is None and not function.pure:
            raise EvaluationError(f"{name}: no files can be read here")
        given = [arg(scope) for arg in compiled]
        try:
            return function.run(scope.files, *given)
        except OSError as error:
            raise EvaluationError(f"{name}: {error.filename}: {error.strerror}") from error
        except (ValueError, ArithmeticError, LookupError) as error:
            raise EvaluationError(f"{name}: {error}") from error
        except (TypeError, AttributeError) as error:
            raise EvaluationError(f"{name}: {_why(error, given)}") from error

    return run


def _why(error: Exception, given: list[Any]) -> str:
    """What is wrong with these values; that one is absent, as a test's `assert` may find, is said as people say it."""
    return "a value that it needs is absent" if any(value is None for value in given) else str(error)


def _unary(function: Callable[[Any], Any]) -> Callable[[Expr], Compiled]:
    def build(operand: Expr) -> Compiled:
        compiled = _compile(operand)
        return lambda scope: function(compiled(scope))

    return build


def _and(left: Expr, right: Expr) -> Compiled:
    first, second = _compile(left), _compile(right)
    return lambda scope: first(scope) and second(scope)


def _or(left: Expr, right: Expr) -> Compiled:
    first, second = _compile(left), _compile(right)
    return lambda scope: first(scope) or second(scope)


def _default(left: Expr, right: Expr) -> Compiled:
    first, second = _compile(left), _compile(right)

    def run(scope: Scope) -> Any:
        value = first(scope)
        return second(scope) if value is None else value

    return run


def _binary(symbol: str, left: Expr, right: Expr) -> Compiled:
    function, first, second = _ARITHMETIC[symbol], _compile(left), _compile(right)

    def run(scope: Scope) -> Any:
        left, right = first(scope), second(scope)
        try:
            return function(left, right)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise EvaluationError(f"{symbol}: {_why(error, [left, right])}") from error

    return run


_BUILDERS: dict[str, Callable[..., Compiled]] = {
    "lit": _literal,
    "typed": _typed,
    "ref": _ref,
    "field": _field,
    "maybe": _maybe,
    "each": _each,
    "find": _find,
    "as": _as,
    "sure": _sure,
    "index": _index,
    "list": _list,
    "record": _record,
    "interp": _interp,
    "call": _call,
    "not": _unary(operator.not_),
    "neg": _unary(operator.neg),
    "present": _unary(lambda value: value is not None),
    "and": _and,
    "or": _or,
    "??": _default,
}

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, group: item in group,
}

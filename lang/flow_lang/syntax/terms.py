"""The nodes of types and expressions, of which items are made. Each node knows its span."""

from typing import TypeAlias, Union

from flow_lang.diagnostics import Span
from flow_lang.named import NamedTuple


class Name(NamedTuple):
    text: str
    span: Span


# Types, as written.


class NamedType(NamedTuple):
    name: str
    span: Span


class AppliedType(NamedTuple):
    """`list[T]` or `map[str, T]`."""

    name: Name
    args: tuple["TypeExpr", ...]
    span: Span


class EnumType(NamedTuple):
    """`enum("a", "b")`; the checker sees to the arguments."""

    name: Name
    values: tuple["Expr", ...]
    span: Span


class OptionalType(NamedTuple):
    item: "TypeExpr"
    span: Span


class ForeignType(NamedTuple):
    """`quality.Report`, of an imported file."""

    module: Name
    name: Name
    span: Span


TypeExpr: TypeAlias = NamedType | AppliedType | EnumType | OptionalType | ForeignType

# Expressions.


class Literal(NamedTuple):
    """`kind` is int, float, bool, duration or size; `text` as written."""

    kind: str
    text: str
    span: Span


class Chunk(NamedTuple):
    """Literal text inside a string; `text` is what it means, `span` where it stands."""

    text: str
    span: Span


class Text(NamedTuple):
    """A string. `kind` is `string`, `triple` or `raw`; `content` the offset of its first character after leading white space was
    taken off, and `margin` how many characters of indentation each of its lines lost."""

    parts: tuple[Union[Chunk, "Expr"], ...]
    kind: str
    span: Span
    content: int = 0
    margin: int = 0

    @property
    def plain(self) -> str | None:
        """The text, where it has no interpolation."""
        if not self.parts:
            return ""
        return self.parts[0].text if len(self.parts) == 1 and isinstance(self.parts[0], Chunk) else None


class Ref(NamedTuple):
    name: str
    span: Span


class Field(NamedTuple):
    base: "Expr"
    name: Name
    span: Span


class Index(NamedTuple):
    base: "Expr"
    at: "Expr"
    span: Span


class ListOf(NamedTuple):
    items: tuple["Expr", ...]
    span: Span


class Record(NamedTuple):
    fields: tuple[tuple[Name, "Expr"], ...]
    span: Span


class Argument(NamedTuple):
    name: Name | None
    value: "Expr"
    span: Span


class Call(NamedTuple):
    target: "Expr"
    args: tuple[Argument, ...]
    span: Span


class Unary(NamedTuple):
    op: str
    operand: "Expr"
    span: Span


class Binary(NamedTuple):
    op: str
    left: "Expr"
    right: "Expr"
    op_span: Span
    span: Span


class Is(NamedTuple):
    """`x is present`, `x is not present`."""

    operand: "Expr"
    word: Name
    negated: bool
    span: Span


Expr: TypeAlias = Literal | Text | Ref | Field | Index | ListOf | Record | Call | Unary | Binary | Is

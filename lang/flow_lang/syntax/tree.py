"""The syntax tree: what a file says, before anybody asks whether it makes sense. Each node knows its span."""

from typing import Any, NamedTuple, TypeAlias, Union

from flow_lang.diagnostics import Span


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

# Items.


class Edition(NamedTuple):
    number: str
    span: Span


class Import(NamedTuple):
    path: Text
    alias: Name | None
    span: Span


class FromImport(NamedTuple):
    language: Name
    path: Text
    names: tuple[tuple[Name, Name], ...]
    """Pairs: the name in the other file, the name here."""
    span: Span


class RecordType(NamedTuple):
    name: Name
    fields: tuple[tuple[Name, TypeExpr], ...]
    span: Span


class TypeAliasItem(NamedTuple):
    name: Name
    type: TypeExpr
    span: Span


class Policy(NamedTuple):
    name: Name
    value: Expr
    span: Span


class Parameter(NamedTuple):
    name: Name
    type: TypeExpr
    default: Expr | None
    doc: str
    span: Span


class WorkflowItem(NamedTuple):
    name: Name
    params: tuple[Parameter, ...]
    result: TypeExpr | None
    items: tuple["Item", ...]
    doc: str
    span: Span


class Binding(NamedTuple):
    """`a in xs`, or `a, b in zip(xs, ys)`."""

    targets: tuple[Name, ...]
    source: Expr
    span: Span


class ForClause(NamedTuple):
    bindings: tuple[Binding, ...]
    span: Span


class ResultClause(NamedTuple):
    type: TypeExpr
    span: Span


class WhenClause(NamedTuple):
    condition: Expr
    span: Span


ClauseItem: TypeAlias = ForClause | ResultClause | WhenClause


class TaskItem(NamedTuple):
    name: Name
    clauses: tuple[ClauseItem, ...]
    items: tuple["Item", ...]
    doc: str
    span: Span


class Body(NamedTuple):
    """`shell` or `python` with its text; `word` is the span of that word."""

    kind: str
    text: Text
    word: Span
    span: Span


class Header(NamedTuple):
    """`header "Name" = value`, in an `http` block."""

    name: Text
    value: Expr
    span: Span
    word: Span


class HttpBody(NamedTuple):
    """`http GET "https://..." { ... }`; `word` is the span of `http`."""

    method: Name
    url: Text
    items: tuple["Item", ...]
    word: Span
    span: Span


class CallBody(NamedTuple):
    call: Call
    span: Span


class Input(NamedTuple):
    name: Name
    type: TypeExpr | None
    value: Expr
    span: Span


class Output(NamedTuple):
    name: Name
    type: TypeExpr
    path: Expr | None
    span: Span


class After(NamedTuple):
    value: Expr
    span: Span


class Setting(NamedTuple):
    name: Name
    value: Expr
    span: Span


class Return(NamedTuple):
    value: Expr | None
    span: Span


class Mock(NamedTuple):
    """`mock task = value`, in a `test`."""

    name: Name
    value: Expr
    span: Span
    word: Span


class TestItem(NamedTuple):
    """`test "title" { ... }`; `run` and `assert` are among the items as `Other`s."""

    title: Text
    items: tuple["Item", ...]
    span: Span
    word: Span


class Other(NamedTuple):
    """An item that is parsed and formatted but not built yet: `word` says which (`wait`, `pool`, `http`, `undo`, ...)."""

    word: str
    parts: tuple[Any, ...]
    items: tuple["Item", ...]
    span: Span
    word_span: Span


class Wrong(NamedTuple):
    """What could not be read; the parser has reported it."""

    items: tuple["Item", ...]
    span: Span


Item: TypeAlias = (
    Edition
    | Import
    | FromImport
    | RecordType
    | TypeAliasItem
    | Policy
    | WorkflowItem
    | TaskItem
    | Body
    | HttpBody
    | Header
    | CallBody
    | Input
    | Output
    | After
    | Setting
    | Return
    | TestItem
    | Mock
    | Other
    | Wrong
)


class File(NamedTuple):
    items: tuple[Item, ...]

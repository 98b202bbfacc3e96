"""The syntax tree: what a file says, before anybody asks whether it makes sense. Each node knows its span.

Types and expressions are in terms.py, and have their names here as well.
"""

from typing import Any, TypeAlias

from flow_lang.diagnostics import Span
from flow_lang.named import NamedTuple
from flow_lang.syntax.terms import (
    AppliedType,
    Argument,
    Binary,
    Call,
    Chunk,
    EnumType,
    Expr,
    Field,
    ForeignType,
    Index,
    Is,
    ListOf,
    Literal,
    Name,
    NamedType,
    OptionalType,
    Record,
    Ref,
    Text,
    TypeExpr,
    Unary,
)

__all__ = [
    "AppliedType",
    "Argument",
    "Binary",
    "Call",
    "Chunk",
    "EnumType",
    "Expr",
    "Field",
    "ForeignType",
    "Index",
    "Is",
    "ListOf",
    "Literal",
    "Name",
    "NamedType",
    "OptionalType",
    "Record",
    "Ref",
    "Text",
    "TypeExpr",
    "Unary",
]


Items: TypeAlias = tuple[Any, ...]
"""Each an `Item`. It is not said in the type, because a type checker takes minutes for a union of so many tuples that contain it."""


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
    items: Items
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
    items: Items
    doc: str
    span: Span


class KindBody(NamedTuple):
    """What a task does, by its kind: `shell "..."`, `http GET "..." { ... }`. `verb` is the word before the value, `block` None where there are
    no braces; which of them a kind has is in its `checks.kind.Kind`."""

    word: Name
    verb: Name | None
    value: Expr
    block: Items | None
    span: Span

    @property
    def text(self) -> Text:
        """The value of a kind that takes a text in quotes."""
        assert isinstance(self.value, Text)
        return self.value

    @property
    def items(self) -> Items:
        return self.block or ()


class Header(NamedTuple):
    """`header "Name" = value`, in the block of a kind such as `http`."""

    name: Text
    value: Expr
    span: Span
    word: Span


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


class CallItem(NamedTuple):
    """`call checks = quality.check(...)`: a task whose body is a call."""

    name: Name
    clauses: tuple[ClauseItem, ...]
    value: Expr
    doc: str
    span: Span


class WaitItem(NamedTuple):
    name: Name
    clauses: tuple[ClauseItem, ...]
    items: Items
    doc: str
    span: Span


class WaitBody(NamedTuple):
    """What the settings of a `wait` say that is no setting: `kind` is event, approval, duration or until."""

    kind: Name
    value: Expr
    default: Expr | None
    span: Span


class SecretItem(NamedTuple):
    name: Name
    value: Expr
    span: Span


class PoolItem(NamedTuple):
    name: Name
    items: Items
    span: Span


class Section(NamedTuple):
    """`defaults { ... }`, `limits { ... }`, `undo { ... }` or `finally { ... }`."""

    word: Name
    items: Items
    span: Span


class OnItem(NamedTuple):
    """`on failure { ... }`; `word` is the `on`."""

    event: Name
    items: Items
    word: Name
    span: Span


class DeadLetter(NamedTuple):
    value: Expr
    word: Name
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
    items: Items
    span: Span
    word: Span


class Other(NamedTuple):
    """`run ...` or `assert ...` of a test; `word` says which."""

    word: str
    parts: tuple[Any, ...]
    items: Items
    span: Span
    word_span: Span


class Wrong(NamedTuple):
    """What could not be read; the parser has reported it."""

    items: Items
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
    | KindBody
    | Header
    | CallBody
    | Input
    | Output
    | After
    | Setting
    | Return
    | CallItem
    | WaitItem
    | WaitBody
    | SecretItem
    | PoolItem
    | Section
    | OnItem
    | DeadLetter
    | TestItem
    | Mock
    | Other
    | Wrong
)


class File(NamedTuple):
    items: tuple[Item, ...]

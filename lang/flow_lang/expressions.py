"""The types of expressions. A wrong one is reported once and has the type UNKNOWN, which fits everywhere."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from flow_lang import tree
from flow_lang.applications import Applications
from flow_lang.assignable import assignable, common
from flow_lang.conversions import conversion, operator_hint
from flow_lang.declared import Types
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.operators import negative, result
from flow_lang.plan import Expr
from flow_lang.scope import Scope, Symbol
from flow_lang.suggest import did_you_mean, listed
from flow_lang.types import (
    BOOL,
    FLOAT,
    INT,
    JSON,
    STR,
    UNKNOWN,
    Type,
    list_of,
    optional,
    present,
    record,
)
from flow_lang.unbuilt import not_built
from flow_lang.values import parse_duration, parse_size

_FILE_FIELDS = {"path": STR, "name": STR, "stem": STR, "size": Type("size")}


class Checked(NamedTuple):
    """An expression in its plan form, with its type."""

    expr: Expr
    type: Type


WRONG = Checked(["lit", None], UNKNOWN)


class Expressions:
    """Checks the expressions of one scope. `lenient` says that an absent value is expected there and dealt with."""

    def __init__(self, report: Report, scope: Scope, types: Types) -> None:
        self.report, self.scope, self.types = report, scope, types
        self.calls = Applications(self)
        self.by_node: dict[type[Any], Callable[[Any, Type | None, bool], Checked]] = {
            tree.Literal: self._literal,
            tree.Text: self._text,
            tree.Ref: self._ref,
            tree.Field: self._field,
            tree.Index: self._index,
            tree.ListOf: self._list,
            tree.Record: self._record,
            tree.Call: self.calls.call,
            tree.Unary: self._unary,
            tree.Binary: self._binary,
            tree.Is: self._is,
        }

    def infer(self, node: tree.Expr, want: Type | None = None, lenient: bool = False) -> Checked:
        """The type of `node`; `want` is what would be welcome, which decides what `[]` and `{}` are."""
        return self.by_node[type(node)](node, want, lenient)

    def expect(self, node: tree.Expr, want: Type, what: str = "", declared: Span | None = None) -> Checked:
        """As `infer`, and reports where the value is not a `want`. `declared` is where that type was asked for."""
        checked = self.infer(node, want, want.kind == "optional")
        if assignable(checked.type, want):
            return Checked(checked.expr, want if checked.type.kind != "unknown" else UNKNOWN)
        secondary = (Label(declared, f"`{want}` is asked for here"),) if declared else ()
        self._mismatch(node, checked.type, want, what, secondary)
        return WRONG

    def required(self, node: tree.Expr, want: Type | None = None) -> Checked:
        """As `infer`, and reports a value that may be absent or that there is none of."""
        checked = self.infer(node, want)
        if checked.type.kind == "optional":
            self._absent(node, checked.type)
            return Checked(checked.expr, present(checked.type))
        if checked.type.kind == "nothing":
            self._no_result(node)
            return WRONG
        return checked

    def given(self, node: tree.Expr) -> Checked:
        """As `infer`, for a place that can take an absent value as well: a Python name."""
        checked = self.infer(node)
        if checked.type.kind == "nothing":
            self._no_result(node)
        return checked

    def _mismatch(self, node: tree.Expr, type_: Type, want: Type, what: str, secondary: tuple[Label, ...]) -> None:
        if type_.kind == "nothing":
            self._no_result(node)
        elif type_.kind == "optional" and assignable(present(type_), want):
            self._absent(node, type_)
        else:
            label = f"this is `{type_}`"
            message = f"{what or 'this'} must be `{want}`, and is `{type_}`"
            self.report.error("FLOW301", message, node.span, label, conversion(type_, want, node), secondary)

    def _absent(self, node: tree.Expr, type_: Type) -> None:
        hint = "give a default with `?? ...`, or ask first with `is present`"
        self.report.error("FLOW305", "this value may be absent", node.span, f"this is `{type_}`", hint)

    def _no_result(self, node: tree.Expr) -> None:
        name = node.name if isinstance(node, tree.Ref) else "the task"
        symbol = self.scope.symbols.get(node.name) if isinstance(node, tree.Ref) else None
        secondary = (Label(symbol.span, "declared here, without a result"),) if symbol else ()
        hint = f"declare what it gives (`task {name} -> str`), or order only with `after [{name}]`"
        self.report.error("FLOW311", f"`{name}` has no result", node.span, "used as a value here", hint, secondary)

    # Values.

    def _literal(self, node: tree.Literal, want: Type | None, lenient: bool) -> Checked:
        if node.kind == "bool":
            return Checked(["lit", node.text == "true"], BOOL)
        if node.kind == "int":
            if len(node.text) > 30:
                hint = "a number has at most 30 digits; longer ones are texts"
                self.report.error("FLOW107", "this number is too long", node.span, "", hint)
                return WRONG
            return Checked(["lit", int(node.text.replace("_", ""))], INT)
        if node.kind == "float":
            return self._float(node)
        try:
            value = parse_duration(node.text).total_seconds() if node.kind == "duration" else parse_size(node.text)
        except (ValueError, OverflowError):
            self.report.error("FLOW107", f"`{node.text}` is too large", node.span, "", "is the unit right?")
            return WRONG
        return Checked(["typed", node.kind, value], Type(node.kind))

    def _float(self, node: tree.Literal) -> Checked:
        value = float(node.text.replace("_", ""))
        if math.isinf(value):
            self.report.error(
                "FLOW107", f"`{node.text}` is too large", node.span, "", "a float is at most about 1.8e308"
            )
            return WRONG
        return Checked(["lit", value], FLOAT)

    def _text(self, node: tree.Text, want: Type | None, lenient: bool) -> Checked:
        plain = node.plain
        if plain is not None:
            return self._constant_text(plain, node, present(want) if want else None)
        parts: list[Expr] = [
            ["lit", part.text] if isinstance(part, tree.Chunk) else self.required(part).expr for part in node.parts
        ]
        return Checked(["interp", *parts], STR)

    def _constant_text(self, plain: str, node: tree.Text, want: Type | None) -> Checked:
        if want is None or want.kind != "enum":
            return Checked(["lit", plain], STR)
        if plain in want.names:
            return Checked(["lit", plain], want)
        hint = did_you_mean(plain, want.names, f"it is one of {listed(want.names)}")
        self.report.error("FLOW301", f'"{plain}" is not a value of `{want}`', node.span, "", hint)
        return WRONG

    def _list(self, node: tree.ListOf, want: Type | None, lenient: bool) -> Checked:
        item = present(want).item if want and present(want).kind == "list" else None
        checked = [self.expect(x, item, "an element") if item else self.given(x) for x in node.items]
        found = item or UNKNOWN
        if item is None:
            for element, one in zip(node.items, checked, strict=True):
                shared = common(found, one.type) if found.kind != "unknown" else one.type
                if shared is None:
                    self._mixed(node, element, found, one.type)
                    return WRONG
                found = shared
        return Checked(["list", *(one.expr for one in checked)], list_of(found))

    def _mixed(self, node: tree.ListOf, element: tree.Expr, found: Type, other: Type) -> None:
        first = Label(node.items[0].span, f"the elements before are `{found}`")
        hint = "all elements of a list have one type; a record may hold different ones"
        self.report.error("FLOW301", "the elements differ in type", element.span, f"this is `{other}`", hint, (first,))

    def _record(self, node: tree.Record, want: Type | None, lenient: bool) -> Checked:
        target = present(want) if want else UNKNOWN
        seen: dict[str, tree.Name] = {}
        fields: list[tuple[str, Expr]] = []
        types: dict[str, Type] = {}
        for name, value in node.fields:
            if name.text in seen:
                first = (Label(seen[name.text].span, "first here"),)
                self.report.error(
                    "FLOW202", f"`{name.text}` is given twice", name.span, "again here", "remove one", first
                )
            seen[name.text] = name
            expected = self._field_type(target, name)
            checked = self.expect(value, expected, f"`{name.text}`") if expected else self.given(value)
            fields.append((name.text, checked.expr))
            types[name.text] = checked.type
        if target.kind == "record":
            self._missing(node, target, types)
            return Checked(["record", *([n, e] for n, e in fields)], target)
        made = target if target.kind == "map" else record("", types)
        return Checked(["record", *([n, e] for n, e in fields)], made)

    def _field_type(self, target: Type, name: tree.Name) -> Type | None:
        if target.kind == "map":
            return target.item
        if target.kind != "record":
            return None
        found = target.field(name.text)
        if found is None:
            hint = did_you_mean(name.text, target.names, f"its fields are {listed(target.names)}")
            self.report.error("FLOW206", f"`{target}` has no field `{name.text}`", name.span, "", hint)
            return UNKNOWN
        return found

    def _missing(self, node: tree.Record, target: Type, types: dict[str, Type]) -> None:
        pairs = zip(target.names, target.fields, strict=True)
        missing = [name for name, type_ in pairs if name not in types and type_.kind != "optional"]
        if missing and len(types) < len(target.names):
            hint = f"add {listed(missing)}"
            self.report.error("FLOW301", f"a `{target}` needs {listed(missing)}", node.span, "", hint)

    # Names and what is in them.

    def _ref(self, node: tree.Ref, want: Type | None, lenient: bool) -> Checked:
        symbol = self.scope.find(node.name, node.span, lenient)
        if symbol is None:
            return WRONG
        return Checked(["ref", node.name], self._seen_as(symbol, lenient))

    def _seen_as(self, symbol: Symbol, lenient: bool) -> Type:
        """A task that may be skipped is `T?`; in a task that needs it, it is `T`, because without it that task is skipped too."""
        if symbol.skips and (lenient or not self.scope.skips_consumer):
            return optional(symbol.type) if symbol.type.kind != "nothing" else optional(JSON)
        return symbol.type

    def _field(self, node: tree.Field, want: Type | None, lenient: bool) -> Checked:
        if node.name.text in ("all", "status") and isinstance(node.base, tree.Ref):
            symbol = self.scope.symbols.get(node.base.name)
            if symbol is not None and symbol.kind == "task" and symbol.type.field(node.name.text) is None:
                not_built(self.report, f"`.{node.name.text}` of a task", node.name.span)
                return WRONG
        base = self.infer(node.base, None, lenient)
        if base.type.kind == "nothing":
            self._no_result(node.base)
            return WRONG
        if base.type.kind == "optional" and not lenient:
            self._absent(node.base, base.type)
        return self._member(node, base)

    def _member(self, node: tree.Field, base: Checked) -> Checked:
        name, owner = node.name.text, present(base.type)
        head = "maybe" if base.type.kind == "optional" else "field"
        found = self._named(owner, name)
        if found is None and owner.kind == "list" and owner.item is not None:
            found, head = self._named(owner.item, name), "each"
        if found is None:
            self._no_field(node, owner)
            return WRONG
        lifted = list_of(found) if head == "each" else optional(found) if head == "maybe" else found
        return Checked([head, base.expr, name], lifted)

    @staticmethod
    def _named(owner: Type, name: str) -> Type | None:
        if owner.kind in ("file", "dir"):
            return _FILE_FIELDS.get(name)
        if owner.kind in ("json", "unknown"):
            return JSON if owner.kind == "json" else UNKNOWN
        return owner.item if owner.kind == "map" else owner.field(name)

    def _no_field(self, node: tree.Field, owner: Type) -> None:
        inner = owner.item if owner.kind == "list" and owner.item else owner
        names = (
            list(_FILE_FIELDS) if inner.kind in ("file", "dir") else list(inner.names if inner.kind == "record" else ())
        )
        hint = did_you_mean(
            node.name.text, names, f"there are {listed(names)}" if names else "only records and files have fields"
        )
        message = f"`{owner}` has no field `{node.name.text}`"
        self.report.error("FLOW206", message, node.name.span, f"not in `{owner}`", hint)

    def _index(self, node: tree.Index, want: Type | None, lenient: bool) -> Checked:
        base = self.required(node.base)
        kind = base.type.kind
        if kind not in ("list", "map", "json", "unknown"):
            hint = "a list is indexed by a number, a map by a text"
            self.report.error(
                "FLOW302", f"`{base.type}` has no elements", node.base.span, f"this is `{base.type}`", hint
            )
            return WRONG
        at = (
            self.expect(node.at, INT if kind == "list" else STR, "the index")
            if kind in ("list", "map")
            else self.required(node.at)
        )
        found = base.type.item if kind in ("list", "map") else base.type
        return Checked(["index", base.expr, at.expr], found or UNKNOWN)

    # Operators.

    def _unary(self, node: tree.Unary, want: Type | None, lenient: bool) -> Checked:
        if node.op == "not":
            return Checked(["not", self.expect(node.operand, BOOL, "what `not` turns round").expr], BOOL)
        operand = self.required(node.operand)
        found = negative(operand.type)
        if found is None:
            hint = "only numbers and durations have a negative"
            self.report.error("FLOW302", f"`-` does not go with `{operand.type}`", node.span, "", hint)
            return WRONG
        return Checked(["neg", operand.expr], found)

    def _binary(self, node: tree.Binary, want: Type | None, lenient: bool) -> Checked:
        if node.op in ("and", "or"):
            sides = [self.expect(side, BOOL, f"a side of `{node.op}`").expr for side in (node.left, node.right)]
            return Checked([node.op, *sides], BOOL)
        if node.op == "??":
            return self._default(node, want)
        left = self.required(node.left)
        right = self.required(node.right, left.type if node.op in ("==", "!=") else None)
        if node.op in ("==", "!=") and right.type.kind == "enum" and isinstance(node.left, tree.Text):
            left = self.infer(node.left, right.type)
        found = result(node.op, left.type, right.type)
        if found is None:
            self._no_operator(node, left.type, right.type)
            return Checked(["lit", None], UNKNOWN)
        return Checked([node.op, left.expr, right.expr], found)

    def _no_operator(self, node: tree.Binary, left: Type, right: Type) -> None:
        labels = (Label(node.left.span, f"`{left}`"), Label(node.right.span, f"`{right}`"))
        hint = operator_hint(node.op, left, right)
        message = f"`{node.op}` does not go with `{left}` and `{right}`"
        self.report.error("FLOW302", message, node.op_span, "", hint, labels)

    def _default(self, node: tree.Binary, want: Type | None) -> Checked:
        left = self.infer(node.left, want, lenient=True)
        inner = present(left.type)
        right = self.infer(
            node.right, inner if inner.kind != "unknown" else want, lenient=want is not None and want.kind == "optional"
        )
        if left.type.kind == "nothing":
            self._no_result(node.left)
            return WRONG
        found = common(inner, right.type)
        if found is None:
            self._mismatch(node.right, right.type, inner, "the default", (Label(node.left.span, f"`{left.type}`"),))
            return WRONG
        if left.type.kind not in ("optional", "unknown", "json"):
            hint = "remove the `??` and what follows it"
            self.report.warning(
                "FLOW502", "this value is never absent, so its default is never used", node.op_span, "", hint
            )
        return Checked(["??", left.expr, right.expr], found)

    def _is(self, node: tree.Is, want: Type | None, lenient: bool) -> Checked:
        if node.word.text != "present":
            hint = "the test is written `x is present` or `x is not present`; equality is `==`"
            self.report.error("FLOW201", f"there is no test `is {node.word.text}`", node.word.span, "", hint)
        operand = self.infer(node.operand, None, lenient=True)
        test: Expr = ["present", operand.expr]
        return Checked(["not", test] if node.negated else test, BOOL)

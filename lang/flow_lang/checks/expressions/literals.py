"""Values as written: numbers, texts, lists and records."""

import math

from flow_lang.checks.expressions.core import WRONG, Checked, Expressions, Rules, converted
from flow_lang.checks.types.assignable import common
from flow_lang.diagnostics import Label
from flow_lang.plan import Expr
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import BOOL, FLOAT, INT, JSON, STR, UNKNOWN, Type, list_of, present, record
from flow_lang.values import parse_duration, parse_size


class Literals:
    def __init__(self, core: Expressions) -> None:
        self.core = core

    def literal(self, node: tree.Literal, want: Type | None, lenient: bool) -> Checked:
        if node.kind == "bool":
            return Checked(["lit", node.text == "true"], BOOL)
        if node.kind == "int":
            if len(node.text) > 30:
                hint = "a number has at most 30 digits; longer ones are texts"
                self.core.report.error("FLOW107", "this number is too long", node.span, "", hint)
                return WRONG
            return Checked(["lit", int(node.text.replace("_", ""))], INT)
        if node.kind == "float":
            return self._float(node)
        try:
            value = parse_duration(node.text).total_seconds() if node.kind == "duration" else parse_size(node.text)
        except (ValueError, OverflowError):
            self.core.report.error("FLOW107", f"`{node.text}` is too large", node.span, "", "is the unit right?")
            return WRONG
        return Checked(["typed", node.kind, value], Type(node.kind))

    def _float(self, node: tree.Literal) -> Checked:
        value = float(node.text.replace("_", ""))
        if math.isinf(value):
            self.core.report.error(
                "FLOW107", f"`{node.text}` is too large", node.span, "", "a float is at most about 1.8e308"
            )
            return WRONG
        return Checked(["lit", value], FLOAT)

    def text(self, node: tree.Text, want: Type | None, lenient: bool) -> Checked:
        plain = node.plain
        if plain is not None:
            return self._constant_text(plain, node, present(want) if want else None)
        parts: list[Expr] = [
            ["lit", part.text] if isinstance(part, tree.Chunk) else self.core.required(part).expr for part in node.parts
        ]
        return Checked(["interp", *parts], STR)

    def _constant_text(self, plain: str, node: tree.Text, want: Type | None) -> Checked:
        if want is None or want.kind != "enum":
            return Checked(["lit", plain], STR)
        if plain in want.names:
            return Checked(["lit", plain], want)
        hint = did_you_mean(plain, want.names, f"it is one of {listed(want.names)}")
        self.core.report.error("FLOW301", f'"{plain}" is not a value of `{want}`', node.span, "", hint)
        return WRONG

    def list_(self, node: tree.ListOf, want: Type | None, lenient: bool) -> Checked:
        item = _element(want)
        if item is not None:
            checked = [self.core.expect(element, item, "an element") for element in node.items]
            found: Type | None = item
        else:
            checked, found = self._elements(node)
        if found is None:
            return WRONG
        made = JSON if want is not None and present(want).kind == "json" else list_of(found)
        return Checked(["list", *(one.expr for one in checked)], made)

    def _elements(self, node: tree.ListOf) -> tuple[list[Checked], Type | None]:
        """The elements of a list of which nothing is asked, and the type that holds all; None, with a report, where there is none. A record
        that is written there is taken for what the others are."""
        checked: dict[int, Checked] = {}
        found = UNKNOWN
        places = sorted(range(len(node.items)), key=lambda at: isinstance(node.items[at], tree.Record))
        for at in places:
            one = checked[at] = self.core.given(node.items[at], found if found.kind == "record" else None)
            shared = common(found, one.type) if found.kind != "unknown" else one.type
            if shared is None:
                self._mixed(node.items[places[0]], node.items[at], found, one.type)
                return [], None
            found = shared
        made = [checked[at] for at in range(len(node.items))]
        return [Checked(converted(one.expr, one.type, found), found) for one in made], found

    def _mixed(self, before: tree.Expr, element: tree.Expr, found: Type, other: Type) -> None:
        first = Label(before.span, f"the elements before are `{found}`")
        hint = "all elements of a list have one type; a record may hold different ones"
        self.core.report.error(
            "FLOW301", "the elements differ in type", element.span, f"this is `{other}`", hint, (first,)
        )

    def record_(self, node: tree.Record, want: Type | None, lenient: bool) -> Checked:
        target = present(want) if want else UNKNOWN
        seen: dict[str, tree.Name] = {}
        fields: list[tuple[str, Expr]] = []
        types: dict[str, Type] = {}
        for name, value in node.fields:
            if name.text in seen:
                first = (Label(seen[name.text].span, "first here"),)
                self.core.report.error(
                    "FLOW202", f"`{name.text}` is given twice", name.span, "again here", "remove one", first
                )
            seen[name.text] = name
            expected = self._field_type(target, name)
            checked = self.core.expect(value, expected, f"`{name.text}`") if expected else self.core.given(value)
            fields.append((name.text, checked.expr))
            types[name.text] = checked.type
        if target.kind == "record":
            self._missing(node, target, types)
            fields += [(name, ["lit", None]) for name in target.names if name not in types]
            return Checked(["record", *([n, e] for n, e in fields)], target)
        made = target if target.kind in ("map", "json") else record("", types)
        return Checked(["record", *([n, e] for n, e in fields)], made)

    def _field_type(self, target: Type, name: tree.Name) -> Type | None:
        if target.kind in ("map", "json"):
            return target.item or target
        if target.kind != "record":
            return None
        found = target.field(name.text)
        if found is None and self.core.report.first_unknown(f"{target}.{name.text}"):
            hint = did_you_mean(name.text, target.names, f"its fields are {listed(target.names)}")
            self.core.report.error("FLOW206", f"`{target}` has no field `{name.text}`", name.span, "", hint)
        return found or UNKNOWN

    def _missing(self, node: tree.Record, target: Type, types: dict[str, Type]) -> None:
        pairs = zip(target.names, target.fields, strict=True)
        missing = [name for name, type_ in pairs if name not in types and type_.kind != "optional"]
        if missing and len(types) < len(target.names):
            hint = f"add {listed(missing)}"
            self.core.report.error("FLOW301", f"a `{target}` needs {listed(missing)}", node.span, "", hint)


def _element(want: Type | None) -> Type | None:
    """What an element of a list is asked to be: anything, where the whole is `json`."""
    inner = present(want) if want else UNKNOWN
    return inner.item if inner.kind == "list" else JSON if inner.kind == "json" else None


RULES: Rules = {
    tree.Literal: lambda core, node, want, lenient: Literals(core).literal(node, want, lenient),
    tree.Text: lambda core, node, want, lenient: Literals(core).text(node, want, lenient),
    tree.ListOf: lambda core, node, want, lenient: Literals(core).list_(node, want, lenient),
    tree.Record: lambda core, node, want, lenient: Literals(core).record_(node, want, lenient),
}

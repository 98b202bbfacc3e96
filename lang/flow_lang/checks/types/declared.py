"""The types that a file declares, and types as written turned into `Type`s."""

from collections.abc import Mapping

from flow_lang.checks.scope import already_declared
from flow_lang.diagnostics import Report, Span
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import SCALARS, UNKNOWN, Type, enum, list_of, map_of, optional, record

_DEEPEST = 40
_LARGEST = 10_000
_MEANT = {
    "string": "str",
    "text": "str",
    "integer": "int",
    "number": "float",
    "double": "float",
    "boolean": "bool",
    "array": "list",
    "dict": "map",
    "object": "json",
    "any": "json",
    "path": "file",
    "folder": "dir",
    "directory": "dir",
    "timestamp": "datetime",
    "bytes": "size",
}


class Types:
    """The named types of one file. A type is read when it is first needed, so they may stand in any order."""

    def __init__(self, report: Report, imported: "Mapping[str, Types | None] | None" = None) -> None:
        self.report = report
        self.imported = imported or {}
        """The types of imported files by alias; None for a file that could not be read."""
        self.items: dict[str, tree.RecordType | tree.TypeAliasItem] = {}
        self.known: dict[str, Type] = {}
        self.busy: list[str] = []
        self.sizes: dict[int, tuple[int, Type]] = {}
        self.asked: dict[str, Type | None] = {}
        """What has been looked up since somebody emptied it; None is what there is no type for."""

    def declare(self, item: tree.RecordType | tree.TypeAliasItem) -> None:
        name = item.name.text
        if name in SCALARS or name in ("list", "map", "enum"):
            hint = "choose another name; a type's name usually starts with a capital letter"
            self.report.error("FLOW210", f"`{name}` is a type of the language", item.name.span, "", hint)
        elif name in self.items:
            already_declared(self.report, name, item.name.span, self.items[name].name.span, "type")
        else:
            self.items[name] = item

    def knows(self, name: str) -> bool:
        if name not in SCALARS:
            self.asked[name] = self.known.get(name)
        return name in SCALARS or name in self.items or name in ("list", "map", "enum")

    def finish(self) -> None:
        """Reads the types that nothing has used, for their mistakes."""
        for name, item in self.items.items():
            self._named(name, item.name.span)

    def resolve(self, written: tree.TypeExpr) -> Type:
        """UNKNOWN where it is wrong, which has been reported."""
        if isinstance(written, tree.NamedType):
            return self._named(written.name, written.span)
        if isinstance(written, tree.OptionalType):
            return optional(self.resolve(written.item))
        if isinstance(written, tree.AppliedType):
            return self._applied(written)
        if isinstance(written, tree.EnumType):
            return self._enum(written)
        return self._foreign(written)

    def _foreign(self, written: tree.ForeignType) -> Type:
        """`quality.Report`."""
        alias, name = written.module.text, written.name.text
        if alias not in self.imported:
            hint = did_you_mean(alias, self.imported, f'import it: import "{alias}.flow"')
            if self.report.first_unknown(f"import {alias}"):
                message = f"no file is imported as `{alias}`"
                self.report.error("FLOW201", message, written.module.span, "not found", hint)
            return UNKNOWN
        there = self.imported[alias]
        if there is None:
            return UNKNOWN
        if name not in there.items:
            hint = did_you_mean(name, there.items, f"its types are {listed(there.items)}")
            if self.report.first_unknown(f"type {alias}.{name}"):
                message = f"the file imported as `{alias}` has no type `{name}`"
                self.report.error("FLOW205", message, written.name.span, "not found", hint)
            return UNKNOWN
        return there.known.get(name, UNKNOWN)

    def _named(self, name: str, span: Span) -> Type:
        if name in SCALARS:
            return Type(name)
        if name in self.known:
            self.asked[name] = self.known[name]
            return self.known[name]
        item = self.items.get(name)
        if item is None:
            self._unknown(name, span)
            return UNKNOWN
        if name in self.busy:
            hint = "a value of it would never end; use `json` for what nests freely"
            self.report.error("FLOW314", f"the type `{name}` contains itself", span, "here again", hint)
            return UNKNOWN
        if len(self.busy) >= _DEEPEST:
            hint = "use `json` for what nests so deeply"
            self.report.error("FLOW105", "these types are nested too deeply", span, f"deeper than {_DEEPEST}", hint)
            return UNKNOWN
        self.busy.append(name)
        found = self._record(item) if isinstance(item, tree.RecordType) else self.resolve(item.type)
        self.busy.pop()
        if self._size(found) > _LARGEST:
            hint = "use `json` for a part of it; each use of a type in another counts anew"
            if self.report.first_unknown("a type that is not too large"):
                self.report.error("FLOW105", f"the type `{name}` is too large", item.name.span, "", hint)
            found = UNKNOWN
        self.known[name] = found
        return found

    def _size(self, type_: Type) -> int:
        """How many types it is made of, each counted wherever it stands, because a plan spells them out."""
        if id(type_) not in self.sizes:
            parts = (*type_.fields, *([type_.item] if type_.item else []))
            self.sizes[id(type_)] = (1 + sum(self._size(part) for part in parts), type_)
        return self.sizes[id(type_)][0]

    def _unknown(self, name: str, span: Span) -> None:
        if name in ("list", "map", "enum"):
            shape = {"list": "list[str]", "map": "map[str, int]", "enum": 'enum("small", "large")'}[name]
            self.report.error("FLOW205", f"`{name}` needs to say of what", span, "", f"write for example {shape}")
            return
        if not self.report.first_unknown(f"type {name}"):
            return
        meant = _MEANT.get(name.lower())
        names = [*SCALARS, "list", "map", "enum", *self.items]
        if name in ("Optional", "optional", "Maybe", "nullable"):
            meant = "T?"
        hint = f"did you mean `{meant}`?" if meant else did_you_mean(name, names, f"the types are {listed(names)}")
        self.report.error("FLOW205", f"there is no type `{name}`", span, "not found", hint)

    def _record(self, item: tree.RecordType) -> Type:
        fields: dict[str, Type] = {}
        for name, written in item.fields:
            if name.text in fields:
                first = next(n.span for n, _ in item.fields if n.text == name.text)
                already_declared(self.report, name.text, name.span, first, "field")
            fields[name.text] = self.resolve(written)
        return record(item.name.text, fields)

    def _applied(self, written: tree.AppliedType) -> Type:
        name, args = written.name.text, written.args
        if name == "list" and len(args) == 1:
            return list_of(self.resolve(args[0]))
        if name == "map" and len(args) == 2:
            if self.resolve(args[0]).kind not in ("str", "unknown"):
                hint = "write map[str, T]"
                self.report.error("FLOW205", "the keys of a map are `str`", args[0].span, "", hint)
            return map_of(self.resolve(args[1]))
        if name in ("list", "map"):
            shape = "list[T]" if name == "list" else "map[str, T]"
            self.report.error(
                "FLOW205", f"a {name} is written `{shape}`", written.span, "", f"write for example {shape}"
            )
        elif self._named(name, written.name.span).kind != "unknown":
            hint = "only `list` and `map` take a type in brackets"
            self.report.error("FLOW205", f"`{name}` takes no `[...]`", written.span, "", hint)
        return UNKNOWN

    def _enum(self, written: tree.EnumType) -> Type:
        if written.name.text != "enum":
            hint = 'the type that has values in brackets is enum("a", "b")'
            self.report.error("FLOW205", f"there is no type `{written.name.text}(...)`", written.span, "", hint)
            return UNKNOWN
        values = [value.plain for value in written.values if isinstance(value, tree.Text)]
        texts = tuple(value for value in values if value is not None)
        if not texts or len(texts) != len(written.values) or len(set(texts)) != len(texts):
            hint = 'write for example enum("small", "large")'
            self.report.error("FLOW205", "an enum lists different texts", written.span, "", hint)
            return UNKNOWN
        return enum(texts)

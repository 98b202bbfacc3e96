"""Names, and what is in the values that they name."""

from flow_lang.checks.expressions.constants import constant
from flow_lang.checks.expressions.core import WRONG, Checked, Expressions, Rules
from flow_lang.checks.expressions.names import shown
from flow_lang.checks.expressions.narrowing import path
from flow_lang.checks.expressions.own import OwnMembers
from flow_lang.checks.scope import Symbol
from flow_lang.evaluate import EvaluationError, evaluate
from flow_lang.foreign import MEMBERS, RESULTS
from flow_lang.plan import Expr
from flow_lang.suggest import did_you_mean, listed, nearest
from flow_lang.syntax import tree
from flow_lang.types import INT, JSON, STR, UNKNOWN, Type, list_of, optional, present

_FILE_FIELDS = {"path": STR, "name": STR, "stem": STR, "size": Type("size")}


class Members:
    def __init__(self, core: Expressions) -> None:
        self.core = core

    def ref(self, node: tree.Ref, want: Type | None, lenient: bool) -> Checked:
        known = node.name in self.core.scope.known_present
        symbol = self.core.scope.find(node.name, node.span, lenient or known)
        if symbol is None:
            return WRONG
        if symbol.kind == "own":
            fields = listed(f"{symbol.name}.{field}" for field in symbol.type.names)
            hint = f"there are {fields}"
            self.core.report.error("FLOW206", f"`{symbol.name}` alone is no value", node.span, "", hint)
            return WRONG
        if symbol.kind == "secret":
            return Checked(["ref", node.name], STR)
        if known:
            return Checked(["ref", node.name], present(symbol.type))
        made = Checked(["ref", node.name], self._seen_as(symbol, lenient))
        return made if lenient else self.core.sure(node, made)

    def _own(self, node: tree.Field, symbol: Symbol) -> Checked:
        """A name with a dot, such as `run.id`."""
        name = node.name.text
        found = symbol.type.field(name)
        if found is None:
            hint = did_you_mean(name, symbol.type.names, f"there are {listed(symbol.type.names)}")
            if f"{symbol.name}.{name}" == "run.status":
                hint = "how the run ends is known only in `finally` and `on failure`"
            self.core.report.error("FLOW206", f"there is no `{symbol.name}.{name}` here", node.name.span, "", hint)
            return WRONG
        self.core.scope.find_own(symbol, name, node.span)
        return Checked(["ref", f"{symbol.name}.{name}"], found)

    def _seen_as(self, symbol: Symbol, lenient: bool) -> Type:
        """A task that may be skipped is `T?`; in a task that needs it, it is `T`, because without it that task is skipped too."""
        if symbol.skips and (lenient or not self.core.scope.skips_consumer):
            if symbol.type.kind != "nothing":
                return optional(symbol.type)
            return optional(JSON) if lenient else symbol.type
        return symbol.type

    def field(self, node: tree.Field, want: Type | None, lenient: bool) -> Checked:
        owner = self.core.scope.symbols.get(node.base.name) if isinstance(node.base, tree.Ref) else None
        if owner is not None and owner.kind == "own":
            return self._own(node, owner)
        own = OwnMembers(self.core).read(node, lenient)
        if own is not None:
            return own
        base = self.core.infer(node.base, None, lenient)
        if base.type.kind == "nothing":
            self.core.no_result(node.base)
            return WRONG
        if not lenient:
            base = self.core.sure(node.base, base)
        if base.type.kind == "optional" and not lenient:
            self.core.absent(node.base, base.type)
            base = Checked(base.expr, present(base.type))
        found = self._member(node, base, lenient)
        if found.type.kind == "optional" and path(node) in self.core.scope.known_present:
            return Checked(found.expr, present(found.type))
        return found

    def _member(self, node: tree.Field, base: Checked, lenient: bool) -> Checked:
        name, owner = node.name.text, present(base.type)
        if lenient and owner.kind in ("json", "map"):
            return Checked(["find", base.expr, ["lit", name]], optional(owner.item or owner))
        head = "maybe" if base.type.kind == "optional" else "field"
        found = self._named(owner, name)
        if found is None and owner.kind == "list" and owner.item is not None:
            found, head = self._named(present(owner.item), name), "each"
            found = optional(found) if found is not None and owner.item.kind == "optional" else found
        if found is None:
            self._no_field(node, owner)
            return WRONG
        lifted = list_of(found) if head == "each" else found
        return Checked([head, base.expr, name], optional(lifted) if base.type.kind == "optional" else lifted)

    @staticmethod
    def _named(owner: Type, name: str) -> Type | None:
        if owner.kind in ("file", "dir"):
            return _FILE_FIELDS.get(name)
        if owner.kind in ("json", "unknown"):
            return JSON if owner.kind == "json" else UNKNOWN
        return owner.item if owner.kind == "map" else owner.field(name)

    def _no_field(self, node: tree.Field, owner: Type) -> None:
        if not self.core.report.first_unknown(f"{owner}.{node.name.text}"):
            return
        inner = owner.item if owner.kind == "list" and owner.item else owner
        names = (
            list(_FILE_FIELDS) if inner.kind in ("file", "dir") else list(inner.names if inner.kind == "record" else ())
        )
        known = MEMBERS.get(node.name.text) if inner.kind != "record" else None
        symbol = self.core.scope.symbols.get(node.base.name) if isinstance(node.base, tree.Ref) else None
        own = nearest(node.name.text, self.core.scope.members) if symbol is not None and symbol.kind == "task" else None
        hint = (
            f"did you mean `{shown(node.base)}.{own}`?"
            if own
            else f"write {known.format(shown(node.base))}"
            if known
            else did_you_mean(
                node.name.text, names, f"there are {listed(names)}" if names else "only records and files have fields"
            )
        )
        if symbol is not None and symbol.kind == "task" and node.name.text in RESULTS and not names:
            hint = f"the name of a task is its result: write {symbol.name} alone"
        message = f"`{owner}` has no field `{node.name.text}`"
        self.core.report.error("FLOW206", message, node.name.span, f"not in `{owner}`", hint)

    def index(self, node: tree.Index, want: Type | None, lenient: bool) -> Checked:
        base = self.core.infer(node.base, None, True) if lenient else self.core.required(node.base)
        kind = present(base.type).kind
        if kind not in ("list", "map", "json", "unknown"):
            hint = "a list is indexed by a number, a map by a text"
            if kind == "record" and isinstance(node.at, tree.Text):
                hint = f"a field stands after a dot: {shown(node.base)}.{node.at.plain or 'name'}"
            self.core.report.error(
                "FLOW302", f"`{base.type}` has no elements", node.base.span, f"this is `{base.type}`", hint
            )
            return WRONG
        at = (
            self.core.expect(node.at, INT if kind == "list" else STR, "the index")
            if kind in ("list", "map")
            else self.core.required(node.at)
        )
        inner = present(base.type)
        found = inner.item if kind in ("list", "map") else inner
        if lenient:
            return Checked(["find", base.expr, at.expr], optional(found or UNKNOWN))
        if kind == "list" and self._outside(node, base.expr, at.expr):
            return WRONG
        return Checked(["index", base.expr, at.expr], found or UNKNOWN)

    def _outside(self, node: tree.Index, base: Expr, at: Expr) -> bool:
        """Whether a list that is written here has no such element; it is reported."""
        if base[0] != "list" or not constant(at):
            return False
        try:
            count, place = len(base) - 1, evaluate(at, {})
        except EvaluationError:  # which has been told
            return False
        if -count <= place < count:
            return False
        message = f"there is no element {place} in a list of {count}"
        hint = f"the places are 0 to {count - 1}; -1 is the last" if count else "the list is empty"
        self.core.report.error("FLOW333", message, node.at.span, "the same in every run", hint)
        return True


RULES: Rules = {
    tree.Ref: lambda core, node, want, lenient: Members(core).ref(node, want, lenient),
    tree.Field: lambda core, node, want, lenient: Members(core).field(node, want, lenient),
    tree.Index: lambda core, node, want, lenient: Members(core).index(node, want, lenient),
}

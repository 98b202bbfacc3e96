"""Expressions of a Python body on sample values."""

import ast
import builtins
import operator
import re
from collections.abc import Callable
from typing import Any

from flow_lang.checks.python.trial.branches import note, note_keys
from flow_lang.checks.python.trial.calls import called, with_key
from flow_lang.checks.python.trial.members import attribute, element, iterated
from flow_lang.checks.python.trial.samples import ANY, TEXT, Iterated, Method, alike, complete, kind, shaped, small
from flow_lang.checks.python.trial.wrong import Wrong

_OPERATORS: dict[type[ast.AST], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.BitOr: ("|", operator.or_),
    ast.BitAnd: ("&", operator.and_),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.In: ("in", lambda left, right: left in right),
    ast.NotIn: ("not in", lambda left, right: left in right),
}
_MOST = 3
"""The largest number that stands for itself; others would make large texts."""


class Trial:
    """`values` are the sample values of names; a name that is not there, and is no builtin, is not known."""

    def __init__(self, values: dict[str, Any], unknown: set[str]) -> None:
        self.values, self.unknown = values, unknown

    def value(self, node: ast.expr) -> Any:
        """Raises Wrong at the first place that fails for all values of its type."""
        rule = getattr(self, f"_{type(node).__name__.lower()}", None)
        if rule is not None:
            return rule(node)
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self.value(part)
        return ANY

    def _constant(self, node: ast.Constant) -> Any:
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > _MOST:
            return type(value)(1)
        return ANY if value is ... else value

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.unknown:
            return ANY
        return self.values[node.id] if node.id in self.values else getattr(builtins, node.id, ANY)

    def _attribute(self, node: ast.Attribute) -> Any:
        return attribute(node, self.value(node.value))

    def _subscript(self, node: ast.Subscript) -> Any:
        value = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            for part in (node.slice.lower, node.slice.upper, node.slice.step):
                if part is not None:
                    self.value(part)
            return element(node, value, slice(None))
        return element(node, value, self.value(node.slice))

    def _joinedstr(self, node: ast.JoinedStr) -> str:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self._formatted(part)
        return TEXT

    def _formatted(self, part: ast.FormattedValue) -> None:
        value = self.value(part.value)
        if part.format_spec is None or part.conversion != -1:
            return
        texts = part.format_spec.values if isinstance(part.format_spec, ast.JoinedStr) else []
        spec = "".join(str(text.value) for text in texts if isinstance(text, ast.Constant))
        if (
            len(texts) != 1
            or not isinstance(texts[0], ast.Constant)
            or not complete(value)
            or re.search(r"\d{4}", spec)
        ):
            return
        try:
            format(value, spec)
        except (TypeError, ValueError):
            message = f"{kind(value)} cannot be formatted as {spec!r}"
            raise Wrong(part.value, message, "leave the part after the `:` out, or convert the value") from None

    def _binop(self, node: ast.BinOp) -> Any:
        return self._operated(node, node.op, self.value(node.left), self.value(node.right))

    def _operated(self, node: ast.expr, op: ast.AST, left: Any, right: Any) -> Any:
        if type(op) in _OPERATORS and isinstance(op, ast.operator | ast.Lt | ast.Gt | ast.LtE | ast.GtE):
            for side in (left, right):
                if isinstance(side, Method):
                    raise Wrong(
                        node, f"`{_OPERATORS[type(op)][0]}` does not go with {kind(side)}", f"call it: {side.name}()"
                    )
        looks = complete if isinstance(op, ast.cmpop) else shaped
        if type(op) not in _OPERATORS or not looks(left) or not looks(right):
            return ANY
        if isinstance(op, ast.Mod) and isinstance(left, str):
            return TEXT  # the places in the text are not known
        sign, function = _OPERATORS[type(op)]
        try:
            if isinstance(op, ast.operator) and (isinstance(left, Iterated) or isinstance(right, Iterated)):
                raise TypeError
            return small(function(left, right))
        except TypeError:
            message = f"`{sign}` does not go with {kind(left)} on its left and {kind(right)} on its right"
            raise Wrong(node, message, "convert one side, for example with float(...) or str(...)") from None
        except (ArithmeticError, ValueError):
            return ANY

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return True
        if not shaped(value) or isinstance(node.op, ast.Invert):
            return ANY
        sign, function = ("minus", operator.neg) if isinstance(node.op, ast.USub) else ("plus", operator.pos)
        try:
            return function(value)
        except TypeError:
            raise Wrong(node, f"there is no {sign} of {kind(value)}", f"take the {sign} away") from None

    def _compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        for op, part in zip(node.ops, node.comparators, strict=True):
            right = self.value(part)
            self._operated(node, op, left, right)
            left = right
        return True

    def _boolop(self, node: ast.BoolOp) -> Any:
        values = [self.value(part) for part in node.values]
        note(node, (node.values[-1], values[-1]))
        return alike(values)

    def _ifexp(self, node: ast.IfExp) -> Any:
        self.value(node.test)
        first, second = self.value(node.body), self.value(node.orelse)
        note(node, (node.body, first), (node.orelse, second))
        return alike([first, second])

    def _starred(self, node: ast.Starred) -> Any:
        iterated(node.value, self.value(node.value))
        return ANY

    def _list(self, node: ast.List) -> Any:
        return [self.value(part) for part in node.elts]

    def _tuple(self, node: ast.Tuple) -> Any:
        values = [self.value(part) for part in node.elts]
        return ANY if any(isinstance(part, ast.Starred) for part in node.elts) else tuple(values)

    def _dict(self, node: ast.Dict) -> Any:
        keys = [self.value(key) if key is not None else ANY for key in node.keys]
        note_keys(node, keys)
        values = [self.value(value) for value in node.values]
        literal = all(isinstance(key, ast.Constant) for key in node.keys)
        return dict(zip(keys, values, strict=True)) if literal else ANY

    def _listcomp(self, node: ast.ListComp) -> Any:
        return [self._comprehended(node, node.elt)] * 2

    def _generatorexp(self, node: ast.GeneratorExp) -> Any:
        return Iterated([self._comprehended(node, node.elt)] * 2)

    def _setcomp(self, node: ast.SetComp) -> Any:
        self._comprehended(node, node.elt)
        return ANY

    def _dictcomp(self, node: ast.DictComp) -> Any:
        self._comprehended(node, node.key, node.value)
        return ANY

    def _comprehended(self, node: Any, *parts: ast.expr) -> Any:
        inner = Trial(dict(self.values), set(self.unknown))
        for generator in node.generators:
            inner.bind(generator.target, iterated(generator.iter, inner.value(generator.iter)))
            for condition in generator.ifs:
                inner.value(condition)
        return [inner.value(part) for part in parts][-1]

    def _lambda(self, node: ast.Lambda) -> Any:
        return ANY  # it is called elsewhere, with what is not known

    def _call(self, node: ast.Call) -> Any:
        function = self.value(node.func)
        args = [self.value(part) for part in node.args]
        named = {word.arg: self.value(word.value) for word in node.keywords if word.arg is not None}
        starred = any(isinstance(part, ast.Starred) for part in node.args) or len(named) < len(node.keywords)
        if starred:
            return called(node, function, [ANY], named)
        key = next((word.value for word in node.keywords if word.arg == "key"), None)
        ordered = any(function is one for one in (max, min, sorted)) and len(args) == 1 and "default" not in named
        if (
            ordered
            and {word.arg for word in node.keywords} <= {"key", "reverse"}
            and isinstance(key, ast.Lambda)
            and len(key.args.args) == 1
        ):
            inner = Trial(dict(self.values), set(self.unknown))
            inner.bind(ast.Name(key.args.args[0].arg), iterated(node.args[0], args[0]))
            return with_key(node, function, args[0], inner.value(key.body))
        return called(node, function, args, named)

    def bind(self, target: ast.expr, value: Any) -> None:
        """Names that a `for`, an assignment or a lambda makes. Raises Wrong where a value has not as many parts as there are names."""
        if isinstance(target, ast.Name):
            self.unknown.discard(target.id)
            self.values[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            parts = self._parts(target, value)
            for inner, part in zip(target.elts, parts, strict=True):
                self.bind(inner.value if isinstance(inner, ast.Starred) else inner, part)

    def _parts(self, target: ast.Tuple | ast.List, value: Any) -> list[Any]:
        starred = any(isinstance(inner, ast.Starred) for inner in target.elts)
        if isinstance(value, tuple) and not starred:
            if len(value) != len(target.elts):
                message = f"{len(value)} values are taken apart into {len(target.elts)} names"
                raise Wrong(target, message, "write as many names as there are values")
            return list(value)
        part = iterated(target, value)
        return [ANY if starred else part for _ in target.elts]

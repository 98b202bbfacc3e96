"""Settings that are a number, a word, a list of texts, or a rate."""

from flow_lang.checks.settings.arguments import arguments
from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.checks.settings.kinds import CacheKey
from flow_lang.plan import Rate
from flow_lang.syntax import tree
from flow_lang.types import BOOL, INT, SIZE, STR, list_of

_RATE = "write for example rate = rate(10, per = 1m)"
_CACHE = "write cache = true, or for example cache = key(day, region, ttl = 1d)"
_LONGEST = 200


class Amounts:
    def __init__(self, fixed: FixedValues) -> None:
        self.fixed, self.report = fixed, fixed.report

    def flag(self, name: str, node: tree.Expr) -> bool:
        return bool(self.fixed.value(node, BOOL, f"`{name}`", "write true or false"))

    def number(self, node: tree.Expr, name: str, least: int, most: int, hint: str) -> int | None:
        """None where it is wrong (and reported)."""
        value = self.fixed.value(node, INT, f"`{name}`", hint)
        if value is None:
            return None
        if not least <= value <= most:
            self.fixed.wrong(node, f"`{name}` is from {least} to {most}", hint)
            return None
        return int(value)

    def size(self, node: tree.Expr, name: str) -> int | None:
        """Bytes, more than none."""
        value: int | None = self.fixed.value(node, SIZE, f"`{name}`", "write for example 512MiB")
        if value is not None and value <= 0:
            self.fixed.wrong(node, f"`{name}` is more than 0B", "leave it out for no limit")
            return None
        return value

    def labels(self, node: tree.Expr) -> tuple[str, ...]:
        hint = 'write for example labels = ["gpu"]'
        if isinstance(node, tree.Text):
            self.fixed.wrong(node, "`labels` is a list", f'put it in brackets: ["{node.plain or "gpu"}"]')
            return ()
        values = self.fixed.value(node, list_of(STR), "`labels`", hint)
        for label in values or ():
            if not label.strip() or len(label) > _LONGEST:
                self.fixed.wrong(node, f"a label has 1 to {_LONGEST} characters", hint)
                return ()
        return tuple(dict.fromkeys(values or ()))

    def rate(self, node: tree.Expr) -> Rate | None:
        if not (isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) and node.target.name == "rate"):
            self.fixed.wrong(node, "a rate is made by `rate(...)`", _RATE)
            return None
        named = arguments(self.report, node, "rate", ("starts",), ("per",))
        if named is None:
            return None
        if len(named) < 2:
            self.report.error("FLOW304", "`rate(...)` needs a number of starts and a time", node.span, "", _RATE)
            return None
        starts = self.number(named["starts"], "starts", 1, 1_000_000, _RATE)
        per = self.fixed.duration(named["per"], "`per`")
        return Rate(starts, per) if starts is not None and per is not None else None

    def cache(self, node: tree.Expr) -> CacheKey | None:
        """The keys stay as written: they use names of the task."""
        if isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) and node.target.name == "key":
            return self._key(node)
        if not isinstance(node, tree.Literal) or node.kind != "bool":
            self.fixed.wrong(node, "`cache` is true, false or key(...)", _CACHE)
            return None
        value = self.fixed.value(node, BOOL, "`cache`", _CACHE)
        return CacheKey() if value else None

    def _key(self, node: tree.Call) -> CacheKey | None:
        keys = tuple(argument.value for argument in node.args if argument.name is None)
        rest = node._replace(args=tuple(argument for argument in node.args if argument.name is not None))
        named = arguments(self.report, rest, "key", (), ("ttl",))
        if named is None:
            return None
        if not node.args:
            self.report.error("FLOW304", "`key(...)` needs something", node.span, "", _CACHE)
            return None
        ttl = self.fixed.duration(named["ttl"], "`ttl`") if "ttl" in named else None
        return CacheKey(keys or None, ttl)

    def pool_name(self, node: tree.Text) -> str:
        hint = 'the name of a pool of the server is a fixed text: pool = "shared"'
        value = self.fixed.value(node, STR, "`pool`", hint)
        if value is not None and not value.strip():
            self.fixed.wrong(node, "the name of a pool is not empty", hint)
        return value or ""

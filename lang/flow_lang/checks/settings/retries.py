"""`retry = 3`, `retry = retry(5, backoff = exponential(2s), jitter = full, on = [timeout])` and named policies."""

import re
from collections.abc import Iterable

from flow_lang.checks.settings.arguments import arguments, word
from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.named import NamedTuple
from flow_lang.plan import Retry
from flow_lang.suggest import did_you_mean
from flow_lang.syntax import tree
from flow_lang.types import FLOAT, INT

ERRORS = (
    "timeout",
    "child_failed",
    "type_mismatch",
    "missing_file",
    "expression",
    "too_large",
    "crashed",
    "secret",
    "memory",
    "cpu",
    "output",
    "disk_full",
    "storage",
)
"""The codes of errors that an attempt of any kind may end with. Those of a kind are in its `checks.kind.Kind`."""
_GROUPS = ("exit", "http_4xx", "http_5xx")
"""They name many codes, and no attempt has them for its own."""
_NUMBER = "_N"
_EXAMPLES = {"exit_N": ("exit_1",), "signal_N": ("signal_9",), "http_N": ("http_404", "http_503")}


class Errors:
    """What `on` may name. `codes` are those of the kinds; the end `_N` stands for a number: of `http_N`, `http_429` is one."""

    def __init__(self, codes: Iterable[str]) -> None:
        every = list(dict.fromkeys((*ERRORS, *codes)))
        self.names = tuple(code for code in every if not code.endswith(_NUMBER))
        self._numbered = tuple(code for code in every if code.endswith(_NUMBER))
        stems = "|".join(re.escape(code.removesuffix("N")) for code in self._numbered)
        self._number = re.compile(rf"(?:{stems})\d{{1,3}}" if stems else r"(?!)")

    def known(self, name: str) -> bool:
        return name in self.names or bool(self._number.fullmatch(name))

    def of_attempts(self) -> tuple[str, ...]:
        """The codes that one attempt may end with; of those with a number, examples."""
        examples = [example for code in self._numbered for example in _EXAMPLES.get(code, (code[:-1] + "1",))]
        return (*(name for name in self.names if name not in _GROUPS), *examples)

    def of_attempt(self, code: str) -> bool:
        return self.known(code) and code not in _GROUPS


_EXAMPLE = "write for example retry(5, backoff = exponential(2s, cap = 5m), jitter = full, on = [timeout])"


class Policies(NamedTuple):
    """The retry policies of a file, and those of the files that it imports, by alias. None stands for what is wrong (and reported)."""

    named: dict[str, Retry | None]
    imported: "dict[str, Policies | None]"


class Retries:
    def __init__(self, fixed: FixedValues, policies: Policies, errors: Errors) -> None:
        self.fixed, self.policies, self.errors, self.report = fixed, policies, errors, fixed.report
        self.asked: dict[str, Retry | None] = {}
        """The policies of the file that have been looked up since somebody emptied it."""

    def read(self, node: tree.Expr) -> Retry | None:
        """None where it is wrong (and reported)."""
        if isinstance(node, tree.Ref):
            return self._policy(node, self.policies)
        if isinstance(node, tree.Field) and isinstance(node.base, tree.Ref):
            return self._imported(node, node.base)
        if isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) and node.target.name == "retry":
            return self._call(node)
        if isinstance(node, tree.Call):
            self.fixed.wrong(node, "a retry policy is made by `retry(...)`", _EXAMPLE)
            return None
        return self._count(node)

    def _imported(self, node: tree.Field, alias: tree.Ref) -> Retry | None:
        if alias.name not in self.policies.imported:
            hint = did_you_mean(alias.name, self.policies.imported, f'import it: import "{alias.name}.flow"')
            self.report.error("FLOW201", f"no file is imported as `{alias.name}`", alias.span, "not found", hint)
            return None
        policies = self.policies.imported[alias.name]
        return self._policy(tree.Ref(node.name.text, node.name.span), policies) if policies is not None else None

    def _policy(self, node: tree.Ref, policies: Policies) -> Retry | None:
        if node.name not in policies.named:
            hint = did_you_mean(node.name, policies.named, f"declare it: policy {node.name} = retry(5)")
            self.report.error("FLOW201", f"there is no policy `{node.name}`", node.span, "not found", hint)
            return None
        if policies is self.policies:
            self.asked[node.name] = policies.named[node.name]
        return policies.named[node.name]

    def _count(self, node: tree.Expr) -> Retry | None:
        count = self.fixed.value(node, INT, "the number of retries", _EXAMPLE)
        if count is not None and not 0 <= count <= 1000:
            self.fixed.wrong(node, "the number of retries is from 0 to 1000", _EXAMPLE)
            return None
        return None if count is None else Retry(count)

    def _call(self, node: tree.Call) -> Retry | None:
        named = arguments(self.report, node, "retry", ("count",), ("backoff", "jitter", "on"))
        if named is None or "count" not in named:
            if named is not None:
                self.report.error("FLOW304", "`retry(...)` needs a number of attempts more", node.span, "", _EXAMPLE)
            return None
        found = self._count(named["count"])
        if found is None:
            return None
        if "backoff" in named:
            found = self._backoff(named["backoff"], found)
        if "jitter" in named:
            found = found._replace(jitter=self._word(named["jitter"], ("full", "none"), "`jitter`") or "none")
        if "on" in named:
            found = found._replace(on=self._errors(named["on"]))
        return found

    def _backoff(self, node: tree.Expr, retry: Retry) -> Retry:
        kinds = ("exponential", "constant")
        if not isinstance(node, tree.Call) or not isinstance(node.target, tree.Ref) or node.target.name not in kinds:
            self.fixed.wrong(
                node,
                "`backoff` is exponential(...) or constant(...)",
                "write backoff = exponential(2s, factor = 2, cap = 5m)",
            )
            return retry
        kind = node.target.name
        named = arguments(self.report, node, kind, ("base",), ("factor", "cap") if kind == "exponential" else ())
        if named is None:
            return retry
        if "base" not in named:
            self.report.error("FLOW304", f"`{kind}(...)` needs a delay", node.span, "", f"write {kind}(2s)")
            return retry
        base = self.fixed.duration(named["base"], "the delay", zero=True) or 0.0
        factor = 2.0 if kind == "exponential" else 1.0
        if "factor" in named:
            given = self.fixed.value(named["factor"], FLOAT, "`factor`", "write factor = 2")
            if given is not None and given < 1:
                self.fixed.wrong(named["factor"], "`factor` is at least 1", "2 doubles the delay each time")
            factor = given if given is not None and given >= 1 else factor
        cap = self.fixed.duration(named["cap"], "`cap`") if "cap" in named else None
        return retry._replace(base=base, factor=float(factor), cap=retry.cap if cap is None else cap)

    def _word(self, node: tree.Expr, words: tuple[str, ...], what: str) -> str | None:
        text = word(node)
        if text in words:
            return text
        shown = text or ""
        self.fixed.wrong(
            node,
            f"{what} is {' or '.join(f'`{word}`' for word in words)}",
            did_you_mean(shown, words, f"write {words[0]}"),
        )
        return None

    def _errors(self, node: tree.Expr) -> tuple[str, ...]:
        items = node.items if isinstance(node, tree.ListOf) else (node,)
        found: list[str] = []
        for item in items:
            name = item.name if isinstance(item, tree.Ref) else None
            if name is not None and self.errors.known(name):
                found.append(name)
                continue
            names = self.errors.names
            hint = did_you_mean(name or "", names, f"the errors are {', '.join(names)}")
            self.report.error("FLOW201", "`on` names no such error", item.span, "not found", hint)
        return tuple(found)

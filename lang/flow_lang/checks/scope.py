"""The names that an expression may use, and a record of how it used them."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, cast

from flow_lang.diagnostics import Label, Report, Span
from flow_lang.foreign import VALUES
from flow_lang.functions import FUNCTIONS
from flow_lang.named import NamedTuple
from flow_lang.suggest import did_you_mean, listed
from flow_lang.types import UNKNOWN, Type

OWN_NAMES = frozenset(("all", "status", "error", "result", "run", "fire"))
"""Names that mean something of their own in edition 1, so no output may have them."""

OWN_PLACES = {
    "run": "`run.id` and `run.workflow` are known in the bodies of tasks, not here",
    "error": "`error.task`, `error.code` and `error.message` are known in `on failure`",
    "result": "`result` is known in `undo`: it is what the task has given",
    "fire": "`fire.date` and `fire.time` are known in the `params` of a `schedule`",
}
"""Where the names of the language are known that are not known everywhere."""


class Symbol(NamedTuple):
    """`kind`: param, loop, input, task, secret; `own` for `run`, `error` and `fire`, whose fields are names of a run; `result` in an
    undo; `later` for a task of `on failure` or `finally`, which nothing before it may use.

    `skips`: the task may be skipped, so that its value may be absent; it names the task whose `when` or `optional` that comes from.
    `loops`: it has a `for`. `ended`: seen from a handler, so that all that is known of the task is that it has ended."""

    name: str
    kind: str
    type: Type
    span: Span
    skips: str = ""
    loops: bool = False
    ended: bool = False


class Use(NamedTuple):
    """One use of a name. `lenient`: where an absent value is all right. `member` is what is asked of a task itself (`all`, `status`)."""

    symbol: Symbol
    span: Span
    lenient: bool
    member: str = ""

    @property
    def name(self) -> str:
        """The name in the plan's form."""
        return f"{self.symbol.name}.{self.member}" if self.member else self.symbol.name


class _Layers(ChainMap[str, Symbol]):
    """Names above those of the workflow, which are looked up far more often than a `ChainMap` is made for."""

    def get(self, key: str, default: Any = None) -> Any:
        for names in self.maps:
            found = names.get(key)
            if found is not None:
                return found
        return default


class Scope:
    """The names of one workflow, or of one task in it. `skips_consumer`: whoever uses an absent value is skipped (a task), which
    is not so in a workflow's `return`. `own` are names that the language gives, which a workflow may take for something else.
    `secrets` says that a secret may be used where the scope is used now."""

    def __init__(
        self,
        report: Report,
        symbols: Mapping[str, Symbol],
        skips_consumer: bool = True,
        own: Mapping[str, Symbol] | None = None,
    ) -> None:
        self.report = report
        self.symbols = _Layers({}, _shared(symbols), *([_shared(own)] if own else []))
        self.skips_consumer = skips_consumer
        self.own = own or {}
        self.hint: Callable[[str], str] = _no_hint
        """What to say about a name that is known elsewhere, and not here; "" for nothing special."""
        self.secrets = False
        self.members: tuple[str, ...] = ("all", "status")
        """What can be asked of a task besides its value."""
        self.assumes_present = False
        """Whether a value that may be absent is taken for present where nothing is said (and something else sees to it)."""
        self.known_present: frozenset[str] = frozenset()
        """Names, and fields of names as `order.note`, that a condition has found present."""
        self.dotted: dict[str, Type] = {}
        """Names with a dot that are known here, such as `run.id`."""
        self.uses: list[Use] = []

    @property
    def added(self) -> Mapping[str, Symbol]:
        """The names that were added, as they are at any time."""
        return self.symbols.maps[0]

    def find(self, name: str, span: Span, lenient: bool, member: str = "") -> Symbol | None:
        symbol: Symbol | None = self.symbols.get(name)
        if symbol is None:
            self._unknown(name, span)
            return None
        if symbol.kind == "later":
            self._later(symbol, span)
            return None
        if symbol.kind == "secret" and not self.secrets:
            self.refuse_secret(symbol, span)
            return None
        if symbol.kind != "own":
            self.uses.append(Use(symbol, span, lenient, member))
        return symbol

    @contextmanager
    def with_secrets(self) -> Iterator[None]:
        """Secrets may be used inside: where a value is made by the worker that uses it, and goes nowhere else."""
        before, self.secrets = self.secrets, True
        try:
            yield
        finally:
            self.secrets = before

    def find_own(self, symbol: Symbol, field: str, span: Span) -> None:
        """Notes the use of a name with a dot, such as `run.id`."""
        self.uses.append(Use(symbol, span, True, field))

    def add(self, symbol: Symbol) -> bool:
        """False, with a report, where the name is taken: one name means one thing in a workflow."""
        taken = self.symbols.get(symbol.name)
        if taken is not None and taken.kind != "own":
            already_declared(self.report, symbol.name, symbol.span, taken.span, taken.kind)
            self.symbols[symbol.name] = taken._replace(type=UNKNOWN)
            return False
        self.symbols[symbol.name] = symbol
        return True

    def refuse_secret(self, symbol: Symbol, span: Span, hint: str = "") -> None:
        hint = hint or (
            f"only the worker knows it, once a body starts: write ~{{{symbol.name}}} in a shell body or a header, or "
            f"`{symbol.name}` in a Python body or as an argument of a Python function"
        )
        label = (Label(symbol.span, "declared here"),)
        self.report.error("FLOW320", f"the secret `{symbol.name}` cannot be used here", span, "", hint, label)

    def _later(self, symbol: Symbol, span: Span) -> None:
        label = (Label(symbol.span, "declared here"),)
        hint = f"take `{symbol.name}` out of that block, or what uses it into it"
        message = f"`{symbol.name}` runs later: in `on failure` or `finally`, after all other tasks"
        self.report.error("FLOW413", message, span, "", hint, label)

    def _names(self) -> str:
        names = [name for name, symbol in self.symbols.items() if symbol.kind != "own"]
        return f"the names here are {listed(names)}" if names else "only fixed values stand here, no names"

    def _unknown(self, name: str, span: Span) -> None:
        if not self.report.first_unknown(name):
            return
        hint = self.hint(name) or OWN_PLACES.get(name) or VALUES.get(name, "")
        if not hint and name in FUNCTIONS:
            hint = f"`{name}` is a function: call it, as in {name}(...)"
        hint = hint or did_you_mean(name, self.symbols, self._names())
        self.report.error("FLOW201", f"there is no `{name}` here", span, "not found", hint)


def _no_hint(name: str) -> str:
    return ""


def _shared(symbols: Mapping[str, Symbol]) -> MutableMapping[str, Symbol]:
    """The names of the workflow below those of a task: they are not copied, and never written through."""
    return cast(MutableMapping[str, Symbol], symbols)


_KINDS = {"param": "parameter", "loop": "`for` variable", "input": "input", "task": "task", "later": "task"}


def already_declared(report: Report, name: str, span: Span, first: Span, kind: str) -> None:
    what = _KINDS.get(kind, kind)
    hint = "give one of them another name; in a workflow one name means one thing"
    report.error(
        "FLOW202",
        f"`{name}` is declared twice",
        span,
        "again here",
        hint,
        (Label(first, f"first here, as {'an' if what[0] in 'aeiou' else 'a'} {what}"),),
    )

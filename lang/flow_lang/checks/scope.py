"""The names that an expression may use, and a record of how it used them."""

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import NamedTuple, cast

from flow_lang.diagnostics import Label, Report, Span
from flow_lang.foreign import VALUES
from flow_lang.functions import FUNCTIONS
from flow_lang.suggest import did_you_mean, listed
from flow_lang.types import UNKNOWN, Type

OWN_NAMES = frozenset(("all", "status", "error", "result", "run", "fire"))
"""Names that mean something of their own in edition 1, so no output may have them."""


class Symbol(NamedTuple):
    """`kind`: param, loop, input, task, or the word of an item that is not built yet. `skips`: the task may be skipped, so that its
    value may be absent; it names the task whose `when` or `optional` that comes from. `loops`: it has a `for`."""

    name: str
    kind: str
    type: Type
    span: Span
    skips: str = ""
    loops: bool = False


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


class Scope:
    """The names of one workflow, or of one task in it. `skips_consumer`: whoever uses an absent value is skipped (a task), which
    is not so in a workflow's `return`."""

    def __init__(self, report: Report, symbols: Mapping[str, Symbol], skips_consumer: bool = True) -> None:
        self.report = report
        self.symbols: ChainMap[str, Symbol] = ChainMap({}, _shared(symbols))
        self.skips_consumer = skips_consumer
        self.members: tuple[str, ...] = ("all", "status")
        """What can be asked of a task besides its value."""
        self.assumes_present = False
        """Whether a value that may be absent is taken for present where nothing is said (and something else sees to it)."""
        self.known_present: frozenset[str] = frozenset()
        """Names, and fields of names as `order.note`, that a condition has found present."""
        self.dotted: dict[str, Type] = {}
        """Names with a dot that are known here, such as `run.id`."""
        self.uses: list[Use] = []

    def find(self, name: str, span: Span, lenient: bool, member: str = "") -> Symbol | None:
        symbol = self.symbols.get(name)
        if symbol is None:
            self._unknown(name, span)
            return None
        self.uses.append(Use(symbol, span, lenient, member))
        return symbol

    def add(self, symbol: Symbol) -> bool:
        """False, with a report, where the name is taken: one name means one thing in a workflow."""
        taken = self.symbols.get(symbol.name)
        if taken is not None:
            already_declared(self.report, symbol.name, symbol.span, taken.span, taken.kind)
            self.symbols[symbol.name] = taken._replace(type=UNKNOWN)
            return False
        self.symbols[symbol.name] = symbol
        return True

    def _names(self) -> str:
        return (
            f"the names here are {listed(self.symbols)}" if self.symbols else "only fixed values stand here, no names"
        )

    def _unknown(self, name: str, span: Span) -> None:
        if not self.report.first_unknown(name):
            return
        if name in VALUES:
            hint = VALUES[name]
        elif name in FUNCTIONS:
            hint = f"`{name}` is a function: call it, as in {name}(...)"
        else:
            hint = did_you_mean(name, self.symbols, self._names())
        self.report.error("FLOW201", f"there is no `{name}` here", span, "not found", hint)


def _shared(symbols: Mapping[str, Symbol]) -> MutableMapping[str, Symbol]:
    """The names of the workflow below those of a task: they are not copied, and never written through."""
    return cast(MutableMapping[str, Symbol], symbols)


_KINDS = {"param": "parameter", "loop": "`for` variable", "input": "input", "task": "task"}


def already_declared(report: Report, name: str, span: Span, first: Span, kind: str) -> None:
    what = _KINDS.get(kind, kind)
    hint = "give one of them another name; in a workflow one name means one thing"
    report.error(
        "FLOW202", f"`{name}` is declared twice", span, "again here", hint, (Label(first, f"first here, as a {what}"),)
    )

"""`schedule = cron("0 2 * * *", tz = "Europe/Berlin", overlap = skip, catchup = last, params = { day = fire.date })`."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources

from cronsim import CronSim, CronSimError

from flow_lang.checks.expressions.kinds import expressions
from flow_lang.checks.own import SCHEDULE
from flow_lang.checks.scope import Scope, Symbol
from flow_lang.checks.settings.arguments import arguments, word
from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.diagnostics import Label, Span
from flow_lang.plan import Expr, Param, Schedule
from flow_lang.suggest import did_you_mean, listed, nearest
from flow_lang.syntax import tree
from flow_lang.types import STR

_EXAMPLE = 'write for example cron("0 2 * * *", tz = "Europe/Berlin", overlap = skip, catchup = last)'
_RANGES = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, L for the last, or LW for the last weekday",
    "month": "1 to 12, or JAN to DEC",
    "day-of-week": "0 to 7 (0 and 7 are Sunday), or SUN to SAT",
}
_FIELDS = "minute hour day-of-month month day-of-week, as in 30 2 * * MON-FRI"
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_OVERLAP = ("skip", "queue", "allow", "cancel")
_CATCHUP = ("none", "last", "all")


@cache
def zones() -> frozenset[str]:
    """The IANA names of the time zones that the package `tzdata` has, so that a check is the same on every machine."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


class Schedules:
    """Reads the schedule of one workflow; `params` are its parameters, `spans` where they are declared."""

    def __init__(self, fixed: FixedValues, params: tuple[Param, ...], spans: Mapping[str, Span]) -> None:
        self.fixed, self.report, self.params, self.spans = fixed, fixed.report, params, spans

    def read(self, item: tree.Setting) -> Schedule | None:
        """None where it is wrong (and reported)."""
        node = item.value
        if not (isinstance(node, tree.Call) and isinstance(node.target, tree.Ref) and node.target.name == "cron"):
            line = node.plain if isinstance(node, tree.Text) else None
            hint = f'write cron("{line}", tz = "Europe/Berlin")' if line else _EXAMPLE
            self.fixed.wrong(node, "a schedule is made by `cron(...)`", hint)
            return None
        named = arguments(self.report, node, "cron", ("line",), ("tz", "overlap", "catchup", "params"))
        if named is None:
            return None
        if "line" not in named:
            self.report.error("FLOW304", "`cron(...)` needs a cron line", node.span, "", _EXAMPLE)
            return None
        line = self._line(named["line"])
        tz = self._zone(named["tz"]) if "tz" in named else "UTC"
        overlap = self._word(named, "overlap", _OVERLAP, "skip")
        catchup = self._word(named, "catchup", _CATCHUP, "last")
        params = self._params(named.get("params"), node)
        return Schedule(line, tz, overlap, catchup, params) if line and tz else None

    def _line(self, node: tree.Expr) -> str:
        line = self.fixed.value(node, STR, "a cron line", f"it has five fields: {_FIELDS}")
        if line is None:
            return ""
        if line.strip().lower() in _MACROS:
            hint = f'write "{_MACROS[line.strip().lower()]}"'
            self.report.error("FLOW321", f"a cron line has five fields, and is no `{line}`", node.span, "", hint)
            return ""
        count = len(line.split())
        if count != 5:
            message = f"a cron line has five fields, and this has {count}"
            self.report.error("FLOW321", message, node.span, "", f"they are {_FIELDS}")
            return ""
        try:
            CronSim(line, datetime(2000, 1, 1))
        except CronSimError as error:
            self._wrong_field(line, node, str(error).removeprefix("Bad "))
            return ""
        return str(line)

    def _wrong_field(self, line: str, node: tree.Expr, which: str) -> None:
        fields = list(re.finditer(r"\S+", line))
        if which not in _RANGES:  # a new version of the library may say something else
            self.report.error("FLOW321", f"this cron line is wrong: {which}", node.span, "", f"its fields: {_FIELDS}")
            return
        found = fields[list(_RANGES).index(which)]
        span = node.span
        if isinstance(node, tree.Text) and node.span.end - node.content == len(line) + 1:  # no escape moves its parts
            span = Span(node.content + found.start(), node.content + found.end())
        message, hint = f"`{found[0]}` is no {which} of a cron line", f"the {which} is {_RANGES[which]}"
        if which == "day-of-month" and fields[3][0] != "*" and found[0].isdigit() and 1 <= int(found[0]) <= 31:
            message, hint = (
                f"the month `{fields[3][0]}` has no day {found[0]}, so this never comes",
                "choose another day",
            )
        self.report.error("FLOW321", message, span, "", f"{hint}; the fields are {_FIELDS}")

    def _zone(self, node: tree.Expr) -> str:
        hint = 'write for example tz = "Europe/Berlin"'
        zone = self.fixed.value(node, STR, "`tz`", hint)
        if zone is None or zone in zones():
            return zone or ""
        places = [name for name in zones() if name.rpartition("/")[2].lower() == zone.rpartition("/")[2].lower()]
        near = sorted(places)[0] if places else nearest(zone, sorted(zones()))
        hint = f"did you mean `{near}`?" if near else "zones are named by a region and a city, as in Europe/Berlin"
        self.report.error("FLOW321", f"there is no time zone `{zone}`", node.span, "", hint)
        return ""

    def _word(self, named: dict[str, tree.Expr], name: str, words: tuple[str, ...], default: str) -> str:
        if name not in named:
            return default
        found = word(named[name])
        if found in words:
            return found
        hint = did_you_mean(found or "", words, f"it is one of {listed(words)}, without quotes")
        self.fixed.wrong(named[name], f"`{name}` is never `{found}`" if found else f"`{name}` is a word", hint)
        return default

    def _params(self, node: tree.Expr | None, call: tree.Call) -> tuple[tuple[str, Expr], ...]:
        if node is not None and not isinstance(node, tree.Record):
            self.fixed.wrong(node, "`params` is a record", "write params = { day = fire.date }")
            return ()
        given = node.fields if isinstance(node, tree.Record) else ()
        declared = {param.name: param for param in self.params}
        checker = expressions(self.report, Scope(self.report, dict[str, Symbol](), own=SCHEDULE))
        found: dict[str, Expr] = {}
        mistakes = self.report.mistakes
        for name, value in given:
            if name.text not in declared or name.text in found:
                hint = did_you_mean(name.text, declared, f"the parameters are {listed(declared)}")
                what = "is given twice" if name.text in found else "is no parameter of this workflow"
                if name.text in found or self.report.first_unknown(name.text):
                    self.report.error("FLOW208", f"`{name.text}` {what}", name.span, "", hint)
                continue
            want = declared[name.text].type
            found[name.text] = checker.expect(value, want, f"`{name.text}`", self.spans.get(name.text)).expr
        if self.report.mistakes == mistakes:  # else a wrong name is very likely the one that is missing
            self._missing(found, node.span if node is not None else call.target.span, bool(given) or node is not None)
        return tuple(found.items())

    def _missing(self, found: dict[str, Expr], span: Span, has_params: bool) -> None:
        required = [param for param in self.params if param.default is None and param.type.kind != "optional"]
        missing = [param for param in required if param.name not in found]
        if not missing:
            return
        names = [param.name for param in missing]
        example = f"{names[0]} = {_EXAMPLES.get(missing[0].type.kind, '...')}"
        hint = (
            f"add {example}" if has_params else f"add params = {{ {example} }} to it, or give the parameter a default"
        )
        labels = tuple(Label(self.spans[name], "it has no default") for name in names[:1] if name in self.spans)
        self.report.error("FLOW209", f"the schedule gives no {listed(names)}", span, "", hint, labels)


_EXAMPLES = {"date": "fire.date", "datetime": "fire.time", "str": '"..."'}

"""Reads settings: which of them may stand here, and what their values may be."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flow_lang.checks.settings.amounts import Amounts
from flow_lang.checks.settings.budgets import check_times
from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.checks.settings.kinds import DEFAULTED, FIELDS, PLACES, SETTINGS, Settings
from flow_lang.checks.settings.retries import Errors, Policies, Retries
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.foreign import SETTINGS as FOREIGN
from flow_lang.plan import Limits, Pool, Retry
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import STR

_PRIORITY = "write a number from 0 to 9; higher goes first, and 0 is the default"


class Reader:
    """Reads settings. `policies` are the file's named retry policies, `errors` the codes that they may name;
    `pools` and `defaults` are those of the workflow."""

    def __init__(self, report: Report, policies: Policies, errors: Errors) -> None:
        self.report, self.policies, self.errors = report, policies, errors
        self.fixed = FixedValues(report)
        self.amounts = Amounts(self.fixed)
        self.retries = Retries(self.fixed, policies, errors)
        self.pools: Mapping[str, tuple[Pool | None, Span]] = {}
        self.defaults = Settings()
        self.asked: dict[str, tuple[Pool | None] | None] = {}
        """The pools that have been looked up since somebody emptied it; None for one that is not there."""
        self.read_one: dict[str, Callable[[tree.Expr], Any]] = {
            "retry": lambda node: self.retries.read(node) or Retry(),
            "timeout": lambda node: self.fixed.duration(node, "`timeout`"),
            "deadline": lambda node: self.fixed.duration(node, "`deadline`"),
            "cpu": lambda node: self.fixed.duration(node, "`cpu`"),
            "delay": lambda node: self.fixed.duration(node, "`delay`", zero=True) or 0.0,
            "priority": lambda node: self.amounts.number(node, "priority", 0, 9, _PRIORITY) or 0,
            "concurrency": lambda node: self.amounts.number(node, "concurrency", 1, 1_000_000, "write concurrency = 4"),
            "slots": lambda node: self.amounts.number(node, "slots", 1, 1_000_000, "write slots = 4") or 1,
            "pool": self._pool,
            "rate": self.amounts.rate,
            "labels": self.amounts.labels,
            "cache": self.amounts.cache,
            "memory": lambda node: self.amounts.size(node, "memory"),
            "output": lambda node: self.amounts.size(node, "output"),
            "with": lambda node: self._interpreter(node),
        }
        for name in ("optional", "fail_fast", "at_most_once"):
            self.read_one[name] = partial(self.amounts.flag, name)

    def of_workflow(self, pools: Mapping[str, tuple[Pool | None, Span]]) -> "Reader":
        """A reader of the same file for one workflow; its `defaults` are set when they have been read."""
        found = Reader(self.report, self.policies, self.errors)
        found.pools = pools
        return found

    def pool_of(self, name: str) -> tuple[Pool | None] | None:
        """A pool of the workflow, which is None where it is wrong; None where there is no such pool."""
        return self.pools[name][:1] if name in self.pools else None

    def read(self, items: list[tree.Setting], where: str, limits: tree.Section | None = None) -> Settings:
        """`where` is a key of SETTINGS. What the workflow's `defaults` say goes for what is not set."""
        own = self._read(items, where)
        if limits is not None:
            own = self._limits(own, limits)
        if where not in DEFAULTED:
            return own
        found = own.over(self.defaults, (*DEFAULTED[where], *(["limits"] if where == "a task" else [])))
        if found.at_most_once and "retry" not in own.given:
            found = found._replace(retry=Retry())  # what is started once is not retried because others are
        self._together(found, own)
        return found

    def _read(self, items: list[tree.Setting], where: str) -> Settings:
        known = SETTINGS[where]
        given: dict[str, tree.Setting] = {}
        fields: dict[str, Any] = {}
        for item in items:
            name = item.name.text
            if name not in known:
                self._unknown(item, where, known)
            elif name in given:
                first = (Label(given[name].name.span, "first here"),)
                self.report.error(
                    "FLOW202", f"`{name}` is set twice", item.name.span, "again here", "remove one", first
                )
            else:
                given[name] = item
                if name in self.read_one:
                    fields[FIELDS.get(name, name)] = self.read_one[name](item.value)
        return Settings(**fields, given=given)

    def _unknown(self, item: tree.Setting, where: str, known: tuple[str, ...]) -> None:
        name = item.name
        self.report.first_unknown(name.text)  # it may have been meant for something that others name
        places = [place for place in PLACES if place != where and name.text in SETTINGS[place]]
        if places[:1] == ["`limits`"]:
            hint = FOREIGN[name.text]
        elif places and where in ("a task", "a workflow", "a pool", "`limits`"):
            hint = f"`{name.text}` is a setting of {places[0]}; move it there"
        elif name.text in FOREIGN:
            hint = FOREIGN[name.text]
        elif where == "a workflow" and isinstance(item.value, tree.Call):
            hint = did_you_mean(name.text, known, f"a child run is written: call {name.text} = other(...)")
        elif where == "a workflow" and did_you_mean(name.text, known, "") == "":
            hint = f"a value of its own is written in the task that uses it: in {name.text} = ...; the settings of a workflow are {listed(known)}"
        else:
            hint = did_you_mean(name.text, known, f"the settings of {where} are {listed(known)}")
        self.report.unknown.add(name.text)  # whatever uses it as a value is a part of the same mistake
        self.report.error("FLOW203", f"{where} has no setting `{name.text}`", name.span, "", hint)

    def _limits(self, found: Settings, section: tree.Section) -> Settings:
        settings = [item for item in section.items if isinstance(item, tree.Setting)]
        read = self._read(settings, "`limits`")
        marker = tree.Setting(section.word, tree.Ref(section.word.text, section.word.span), section.span)
        default = self.defaults.limits
        limits = Limits(
            default.memory if read.memory is None else read.memory,
            default.cpu if read.cpu is None else read.cpu,
            default.output if read.output is None else read.output,
        )
        return found._replace(limits=limits, given={**found.given, "limits": marker})

    def _interpreter(self, node: tree.Expr) -> str:
        return self.fixed.value(node, STR, "`with`", 'write for example with = "python3"') or ""

    def _pool(self, node: tree.Expr) -> str:
        if isinstance(node, tree.Text):
            return self.amounts.pool_name(node)
        if not isinstance(node, tree.Ref):
            hint = 'write pool = api for a pool of the workflow, pool = "shared" for one of the server'
            self.fixed.wrong(node, "`pool` is the name of a pool", hint)
            return ""
        if node.name not in self.pools and self.report.first_unknown(f"pool {node.name}"):
            otherwise = (
                f'declare it: pool {node.name} {{ slots = 4 }}; one of the server is written pool = "{node.name}"'
            )
            hint = did_you_mean(node.name, self.pools, otherwise)
            self.report.error("FLOW201", f"there is no pool `{node.name}`", node.span, "not found", hint)
        return node.name if node.name in self.pools else ""

    def _together(self, found: Settings, own: Settings) -> None:
        """What single settings say that cannot be true of one task."""
        pool, span = self.pools.get(found.pool, (None, None))
        if found.pool:
            self.asked[found.pool] = self.pool_of(found.pool)
        if "slots" in found.given and not found.pool and "pool" not in found.given:
            hint = "write which pool they are of: pool = api"
            self.report.error("FLOW310", "`slots` are those of a pool", found.given["slots"].name.span, "", hint)
        if pool is not None and span is not None and found.slots > pool.slots:
            where = found.given["slots"].value.span if "slots" in found.given else found.given["pool"].value.span
            label = (Label(span, f"it has {pool.slots}"),)
            message = f"the pool `{pool.name}` can never give {found.slots} slots"
            hint = "ask for fewer, or give the pool more"
            self.report.error("FLOW415", message, where, f"{found.slots} slots", hint, label)
        if found.at_most_once and found.retry.retries:
            label = (Label(found.given["retry"].name.span, "more attempts"),)
            hint = "remove one of them"
            where = found.given["at_most_once"].name.span
            self.report.error("FLOW310", "what is started at most once is not retried", where, "", hint, label)
        check_times(found, own, self.report)

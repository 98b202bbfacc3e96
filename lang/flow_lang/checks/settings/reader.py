"""The settings of workflows and tasks: which there are, and what their values may be."""

from typing import NamedTuple

from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.checks.settings.retries import Retries
from flow_lang.checks.unbuilt import not_built
from flow_lang.diagnostics import Label, Report, Span
from flow_lang.foreign import SETTINGS
from flow_lang.plan import Retry
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree
from flow_lang.types import BOOL, INT, STR

TASK = ("retry", "timeout", "delay", "priority", "optional", "with")
WORKFLOW = ("timeout",)
TASK_LATER = (
    "pool",
    "cache",
    "deadline",
    "labels",
    "concurrency",
    "rate",
    "fail_fast",
    "image",
    "container",
    "network",
)
WORKFLOW_LATER = ("schedule", "concurrency", "rate", "fail_fast", "labels", "priority", "deadline", "retry", "pool")


class Settings(NamedTuple):
    """What a task's or workflow's settings say, as a plan keeps it."""

    retry: Retry = Retry()
    timeout: float | None = None
    delay: float = 0.0
    priority: int = 0
    optional: bool = False
    with_: str = ""


class Reader:
    """Reads settings. `policies` are the file's named retry policies."""

    def __init__(self, report: Report, policies: dict[str, Retry | None]) -> None:
        self.report = report
        self.fixed = FixedValues(report)
        self.retries = Retries(self.fixed, policies)

    def read(self, items: list[tree.Setting], where: str) -> Settings:
        known, later = (TASK, TASK_LATER) if where == "task" else (WORKFLOW, WORKFLOW_LATER)
        found = Settings()
        seen: dict[str, Span] = {}
        for item in items:
            name = item.name.text
            if name in later and name not in known:
                not_built(self.report, f"the setting `{name}` of a {where}", item.name.span)
            elif name not in known:
                self._unknown(item.name, where, (*known, *later))
            elif name in seen:
                first = (Label(seen[name], "first here"),)
                self.report.error(
                    "FLOW202", f"`{name}` is set twice", item.name.span, "again here", "remove one", first
                )
            else:
                seen[name] = item.name.span
                found = self._set(found, item)
        return found

    def _unknown(self, name: tree.Name, where: str, known: tuple[str, ...]) -> None:
        other = TASK + TASK_LATER if where == "workflow" else WORKFLOW + WORKFLOW_LATER
        if name.text in other:
            hint = f"`{name.text}` is a setting of a {'task' if where == 'workflow' else 'workflow'}; move it there"
        elif name.text in SETTINGS:
            hint = SETTINGS[name.text]
        else:
            hint = did_you_mean(name.text, known, f"the settings of a {where} are {listed(known)}")
        self.report.error("FLOW203", f"a {where} has no setting `{name.text}`", name.span, "", hint)

    def _set(self, found: Settings, item: tree.Setting) -> Settings:
        name = item.name.text
        if name == "retry":
            return found._replace(retry=self.retries.read(item.value) or Retry())
        if name in ("timeout", "delay"):
            seconds = self.fixed.duration(item.value, f"`{name}`", zero=name == "delay")
            if seconds is None:
                return found
            return found._replace(timeout=seconds) if name == "timeout" else found._replace(delay=seconds)
        if name == "priority":
            value = self.fixed.value(item.value, INT, "`priority`", "write a number from 0 to 9; higher goes first")
            if value is not None and not 0 <= value <= 9:
                self.fixed.wrong(item.value, "`priority` is from 0 to 9", "higher goes first; 0 is the default")
                value = 0
            return found._replace(priority=value or 0)
        if name == "optional":
            return found._replace(
                optional=bool(self.fixed.value(item.value, BOOL, "`optional`", "write true or false"))
            )
        return found._replace(
            with_=self.fixed.value(item.value, STR, "`with`", 'write for example with = "python3"') or ""
        )

"""What is read of a run to show it: of a store, or of a server elsewhere."""

from collections.abc import Collection
from typing import Protocol

from flow_engine.model import RunRecord, TaskRecord
from flow_lang.plan import Plan


class RunReads(Protocol):
    """A part of `Store`, with the same promises."""

    def run(self, run: str) -> RunRecord: ...

    def plan(self, plan_hash: str, workflow: str | None = None) -> Plan: ...

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]: ...

    def has_labels(self, labels: Collection[str]) -> bool | None: ...

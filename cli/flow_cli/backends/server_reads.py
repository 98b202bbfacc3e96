"""Runs of a server, read as those of a store are."""

from collections.abc import Collection
from typing import Any

from flow_client.client import Client
from flow_client.errors import Problem
from flow_engine.errors import UnknownRun
from flow_engine.model import RunRecord, TaskRecord
from flow_lang.bundle import plan_from_json
from flow_lang.plan import Plan
from flow_runtime.document import key_of
from flow_runtime.row_documents import record_of, row_of


class ServerReads:
    """A `RunReads`. `folder`: where the flow files of its runs are on this machine, for those who are shown a place in one."""

    def __init__(self, client: Client, folder: str | None = None) -> None:
        self._client, self._folder = client, folder
        self._plans: dict[tuple[str, str | None], Plan] = {}
        self._run_of: dict[tuple[str, str | None], str] = {}

    def run(self, run: str) -> RunRecord:
        try:
            record = record_of(self._client.rows(run, most=1).record)
        except Problem as problem:
            if problem.kind == "unknown-run":
                raise UnknownRun(run) from None
            raise
        self._run_of[record.plan_hash, record.workflow] = record.id
        return record if self._folder is None else record._replace(folder=self._folder)

    def plan(self, plan_hash: str, workflow: str | None = None) -> Plan:
        """Of a run that was read before."""
        known = (plan_hash, workflow)
        if known not in self._plans:
            found: dict[str, Any] = self._client.plan(self._run_of[known])
            plan = plan_from_json(found["plan"])
            self._plans[known] = plan if workflow is None else plan._replace(entry=workflow)
        return self._plans[known]

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]:
        """A log is on the server's machine; here a command shows it."""
        found = self._client.rows(run, values)
        record = record_of(found.record)
        self._run_of[record.plan_hash, record.workflow] = record.id
        plan = self.plan(record.plan_hash, record.workflow)
        rows = [row_of(row) for row in found.rows]
        return [row._replace(log=f"flow logs {record.id} {key_of(plan, row)}") if row.log else row for row in rows]

    def has_labels(self, labels: Collection[str]) -> bool | None:
        """A server tells the labels of workers where they count."""
        told = [worker["labels"] for worker in self._client.workers() if "labels" in worker]
        return any({*one}.issuperset(labels) for one in told) if told else None

"""A server's runs and schedules, by its API."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from flow_client.answers import Origin
from flow_client.client import Client
from flow_client.errors import Problem
from flow_engine import states
from flow_engine.dead_letters.contract import LetterFilter
from flow_engine.errors import UnknownSchedule
from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter
from flow_runtime.letters import MOST
from flow_runtime.run_logs import Piece

from flow_cli import exits
from flow_cli.backends.contract import Answered, Listed, Sent
from flow_cli.backends.deployments import to_deploy
from flow_cli.backends.sending import folder_to_send, send
from flow_cli.backends.server_reads import ServerReads
from flow_cli.failure import CommandError

LOOK = 0.1
"""Seconds between two looks at something that is waited for."""


class ServerBackend(ServerReads):
    def __init__(self, client: Client) -> None:
        super().__init__(client)

    def find(self, run: str | None) -> RunRecord:
        if run is not None:
            return self.run(run)
        for newest in self._client.runs(top=True, limit=1):
            return self.run(newest["run"])
        raise CommandError(exits.USAGE, "no_runs", f"{self._client.url} has no runs yet; start one with: flow run FILE")

    def list(self, wanted: RunFilter) -> Listed:
        damaged: list[str] = []
        found = self._client.runs(wanted.state, wanted.workflow, wanted.top, wanted.limit, damaged=damaged)
        return Listed([dict(run) for run in found], set(), damaged)

    def is_interrupted(self, record: RunRecord) -> bool:
        """The workers of a server take over what nobody works on."""
        return False

    def cancel(self, record: RunRecord, wait: float) -> str:
        try:
            if not self._client.cancel(record.id) and record.finished_at is not None:
                return ""
        except Problem as problem:
            if problem.kind != "ended-already":
                raise
            return ""
        deadline = time.monotonic() + wait
        while (state := self.run(record.id).state) not in states.RUN_FINAL and time.monotonic() < deadline:
            time.sleep(LOOK)
        return state

    def logs(self, record: RunRecord, task: str | None, attempt: int | None, follow: bool) -> Iterator[Piece]:
        for piece in self._client.logs(record.id, task, attempt, follow):
            yield Piece(piece.title, piece.text)

    def graph(self, run: str, format_: str) -> bytes:
        return self._client.graph(self.run(run).id, format_)

    def why(self, record: RunRecord, task: str) -> dict[str, Any]:
        return self._client.why(record.id, task)

    def approve(self, record: RunRecord, task: str | None, answer: bool, by: str) -> Answered:
        found = self._client.approve(record.id, task, answer, by)
        return Answered(found["run"], found["task"], found["text"])

    def signal(self, record: RunRecord, event: str, value: Any, by: str) -> Sent:
        found = self._client.signal(record.id, event, value, by)
        return Sent(found["run"], [(item["run"], item["task"]) for item in found["takers"]], found["open"])

    def deploy(self, target: str) -> Sequence[dict[str, Any]]:
        documents = []
        for loaded in to_deploy(target, None):
            plan = loaded.plan
            assert plan is not None
            name = plan.entry

            def call(origin: Origin, name: str = name) -> dict[str, Any]:
                return self._client.deploy(name, origin)

            documents.append(send(self._client, loaded, folder_to_send(loaded), call))
        return documents

    def workflows(self) -> Sequence[dict[str, Any]]:
        return self._client.workflows()

    def workflow(self, name: str) -> dict[str, Any]:
        return self._client.workflow(name)

    def remove_workflow(self, name: str) -> None:
        self._client.remove_workflow(name)

    def schedules(self) -> Sequence[dict[str, Any]]:
        return self._client.schedules()

    def schedule(self, name: str) -> dict[str, Any]:
        try:
            return self._client.schedule(name)
        except Problem as problem:
            if problem.kind == "unknown-schedule":
                raise UnknownSchedule(name) from None
            raise

    def hold(self, name: str, paused: bool) -> tuple[bool, dict[str, Any]]:
        document = self._client.pause(name) if paused else self._client.resume(name)
        return document.pop("changed"), document

    def remove_schedule(self, name: str) -> None:
        self._client.remove_schedule(name)

    def backfill(self, name: str, start: str, end: str, dry_run: bool) -> Sequence[dict[str, Any]]:
        return self._client.backfill(name, start, end, dry_run)

    def pools(self) -> dict[str, int]:
        return self._client.pools()

    def letters(self, wanted: LetterFilter) -> tuple[Sequence[dict[str, Any]], int | None]:
        since = None if wanted.since is None else datetime.fromtimestamp(wanted.since, UTC).isoformat()
        state, limit = wanted.state or "all", min(wanted.limit, MOST)
        return self._client.letters(state, wanted.workflow, since, wanted.before, limit)

    def letter(self, letter: str) -> dict[str, Any]:
        return self._client.letter(letter)

    def drop_letter(self, letter: str) -> str:
        document = self._client.drop_letter(letter)
        return "" if document["changed"] else str(document["state"])

    def set_pool(self, name: str, slots: int) -> str:
        self._client.set_pool(name, slots)
        return self._client.url

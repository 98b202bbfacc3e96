"""The calls of the API, one method each. The client without an event loop (client.py) is made of this file: see client/make_sync.py."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from flow_client.access import GivenUpNotice, KeptRule, RuleDocument
from flow_client.answers import Change, Chosen, Origin, Piece, Rows, Submitted, Text
from flow_client.async_transport import AsyncTransport
from flow_client.documents import BulkDocument, RunDocument, RunSummary, TaskDocument
from flow_client.errors import NotFlow, Problem, Unreachable
from flow_client.sse import Frame, FrameReader
from flow_client.transport import Answer, path_of

PAGE = 500
"""Runs that one answer holds at most."""
ROWS = 10_000
PATIENCE = 60.0
"""Seconds for which a lost stream is asked for again."""
_PAUSE = 0.5


class AsyncClient:
    """Of the server at `url`, for who has `token`. Not for several threads at once; many tasks of one event loop may share it."""

    def __init__(self, url: str, token: str) -> None:
        self._transport = AsyncTransport(url, token)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Its connections. Nothing may be asked afterwards."""
        await self._transport.close()

    @property
    def url(self) -> str:
        return self._transport.url

    # -- submit

    async def send_folder(self, digest: str, path: str) -> bool:
        """Sends the archive at `path` where the server has not got it; whether that was so."""
        try:
            await self._transport.call("GET", path_of("folders", digest))
        except Problem as problem:
            if problem.kind != "unknown-folder":
                raise
            with open(path, "rb") as stream:
                await self._transport.upload(path_of("folders", digest), stream)
            return True
        return False

    async def submit(
        self,
        origin: Origin,
        params: Mapping[str, Any],
        key: str | None = None,
        priority: int | None = None,
        labels: Sequence[str] = (),
        delay: float | None = None,
        start_at: str | None = None,
    ) -> Submitted:
        """Without a key it makes one, so that a request whose answer was lost is not a second run. It starts `delay` seconds later, or at
        `start_at` (ISO 8601 with a zone)."""
        body = {**origin.fields(), "params": params, "priority": priority, "labels": list(labels) or None}
        later = {name: when for name, when in (("delay", delay), ("start_at", start_at)) if when is not None}
        answer = await self._transport.call("POST", "/runs", body=body | later, key=key or secrets.token_hex(16))
        return Submitted(answer.json["run"], answer.status == 201)

    async def submit_all(self, origin: Origin, runs: Sequence[Mapping[str, Any]]) -> list[Submitted]:
        """All of the runs or none. Each has `params` and may have `priority`, `labels`, `idempotency_key`, `delay`, `start_at`."""
        given = [{**run, "idempotency_key": run.get("idempotency_key") or secrets.token_hex(16)} for run in runs]
        body = {**origin.fields(), "runs": given}
        answer = await self._transport.call("POST", "/runs/bulk", body=body, repeat=True)  # each of the runs has a key
        return [Submitted(one["run"], one["created"]) for one in answer.json["runs"]]

    async def retry(self, run: str) -> RunSummary:
        """Goes on with an ended run from what failed. Not repeated by itself: the second answer would be an error."""
        document: RunSummary = (await self._transport.call("POST", path_of("runs", run, "retry"), body={})).json
        return document

    async def retry_with(self, run: str, origin: Origin, params: Mapping[str, Any]) -> Submitted:
        """A new run of an edited workflow, which takes over what still holds."""
        body = {**origin.fields(), "params": params}
        answer = await self._transport.call("POST", path_of("runs", run, "retry"), body=body, key=secrets.token_hex(16))
        return Submitted(answer.json["run"], answer.status == 201)

    async def diff(self, run: str, origin: Origin, params: Mapping[str, Any]) -> dict[str, Any]:
        body = {**origin.fields(), "params": params}
        return self._object(await self._transport.call("POST", path_of("runs", run, "diff"), body=body, repeat=True))

    # -- look

    async def runs(
        self,
        state: str | None = None,
        workflow: str | None = None,
        top: bool = False,
        limit: int = 50,
        label: str | None = None,
        since: str | None = None,
        damaged: list[str] | None = None,
    ) -> AsyncIterator[RunSummary]:
        """Newest first, in pages. `since` is ISO 8601 with a zone. What is told of runs that cannot be read is added to `damaged`."""
        chosen = {"state": state, "workflow": workflow, "label": label, "since": since, "top": 1 if top else None}
        cursor = None
        while limit > 0:
            page = (
                await self._transport.call("GET", "/runs", {**chosen, "cursor": cursor, "limit": min(limit, PAGE)})
            ).json
            for run in page["runs"]:
                yield run
            if damaged is not None:
                damaged += page["damaged"]
            limit -= len(page["runs"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def run(self, run: str) -> RunDocument:
        document: RunDocument = (await self._transport.call("GET", path_of("runs", run))).json
        return document

    async def task(self, run: str, task: str) -> TaskDocument:
        document: TaskDocument = (await self._transport.call("GET", path_of("runs", run, "tasks", task))).json
        return document

    async def rows(self, run: str, values: bool = False, most: int | None = None) -> Rows:
        """All rows of a run; elements and results are in them with `values`."""
        cursor: int | None = 0
        found: list[dict[str, Any]] = []
        record: dict[str, Any] = {}
        while cursor is not None and (most is None or len(found) < most):
            query = {"cursor": cursor, "limit": most or ROWS, "values": 1 if values else None}
            page = (await self._transport.call("GET", path_of("runs", run, "rows"), query)).json
            record = page["record"]
            found += page["rows"]
            cursor = page["next_cursor"]
        return Rows(record, found)

    async def plan(self, run: str) -> dict[str, Any]:
        """`{"workflow", "plan"}`: the plan as `flow_lang.bundle` has it."""
        return self._object(await self._transport.call("GET", path_of("runs", run, "plan")))

    async def why(self, run: str, task: str) -> dict[str, Any]:
        return self._object(await self._transport.call("GET", path_of("runs", run, "tasks", task, "why")))

    async def graph(self, run: str, format_: str) -> bytes:
        return (await self._transport.call("GET", path_of("runs", run, f"graph.{format_}"))).data

    async def workflow_graph(self, workflow: str, format_: str) -> bytes:
        """Of a deployed workflow, before a run."""
        return (await self._transport.call("GET", path_of("workflows", workflow, f"graph.{format_}"))).data

    # -- follow

    async def changes(self, run: str) -> AsyncIterator[Change]:
        """What happens in a run from its beginning to its end, however often the connection is lost in between."""
        async for frame in self._frames(path_of("runs", run, "events"), "0"):
            found = json.loads(frame.data)
            for change in found["changes"]:
                yield Change(found["at"], change.get("task", ""), change["state"], change.get("attempt", 0))

    async def logs(
        self, run: str, task: str | None = None, attempt: int | None = None, follow: bool = False
    ) -> AsyncIterator[Piece]:
        """What bodies wrote; with `follow`, until the run has ended."""
        query = {"task": task, "attempt": attempt, "follow": 1 if follow else None}
        reader = FrameReader()
        async for piece in self._transport.stream(path_of("runs", run, "logs"), query, {}):
            for frame in reader.feed(piece):
                if frame.event == "end":
                    return
                yield Piece(**json.loads(frame.data))
        raise Unreachable(f"{self.url} has ended the log of run {run} before its end: ask for it again")

    async def task_log(self, run: str, task: str, attempt: int | None = None) -> AsyncIterator[Text]:
        """What a task writes, all attempts or one, until it has ended, however often the connection is lost in between."""
        query = {"follow": 1, "attempt": attempt}
        async for frame in self._frames(path_of("runs", run, "tasks", task, "logs"), "", query):
            yield Text(**json.loads(frame.data))

    async def _frames(self, path: str, first: str, query: Mapping[str, object] | None = None) -> AsyncIterator[Frame]:
        """Until the event `end`. A lost stream goes on after the last event that came."""
        last, heard = first, time.monotonic()
        while True:
            try:
                headers = {"Last-Event-ID": last} if last else {}
                reader = FrameReader()
                async for piece in self._transport.stream(path, query, headers):
                    for frame in reader.feed(piece):
                        heard = time.monotonic()
                        if frame.event == "end":
                            return
                        last = frame.id or last
                        yield frame
            except Unreachable:
                if time.monotonic() - heard > PATIENCE:
                    raise
            except ValueError as error:
                raise NotFlow(f"{self.url}{path} gives no events of a Flow server: {error}") from error
            await asyncio.sleep(_PAUSE)

    # -- control

    async def cancel(self, run: str) -> bool:
        """False where it was cancelled before. Raises Problem (ended-already) where it has ended otherwise."""
        return (await self._transport.call("POST", path_of("runs", run, "cancel"), repeat=True)).status == 202

    async def cancel_all(self, chosen: Chosen, dry_run: bool = False) -> BulkDocument:
        """Those that are `queued` or `running`; the document's `next_cursor` leads to the others. May be repeated."""
        return await self._all("cancel", chosen, dry_run, repeat=True)

    async def retry_all(self, chosen: Chosen, dry_run: bool = False) -> BulkDocument:
        """Those that have `failed` or were `cancelled`. Not repeated by itself: the second answer would tell of other runs."""
        return await self._all("retry", chosen, dry_run, repeat=dry_run)

    async def _all(self, verb: str, chosen: Chosen, dry_run: bool, repeat: bool) -> BulkDocument:
        body = {**chosen._asdict(), "dry_run": dry_run}
        document: BulkDocument = (await self._transport.call("POST", f"/runs/{verb}", body=body, repeat=repeat)).json
        return document

    async def approve(self, run: str, task: str | None, answer: bool, by: str) -> dict[str, Any]:
        """`{"run", "task", "text"}`: what was answered."""
        path = path_of("runs", run, "approvals", *([task] if task is not None else []))
        return self._object(await self._transport.call("POST", path, body={"approve": answer, "by": by}))

    async def signal(self, run: str, event: str, value: Any, by: str) -> dict[str, Any]:
        """`{"run", "takers", "open"}`: who waits for it now, and the events that are waited for."""
        path = path_of("runs", run, "signals", event)
        return self._object(await self._transport.call("POST", path, body={"value": value, "by": by}))

    # -- operate

    async def deploy(self, workflow: str, origin: Origin) -> dict[str, Any]:
        """Its document, a DeployedDocument."""
        body = origin._replace(workflow=None).fields()
        return self._object(await self._transport.call("PUT", path_of("workflows", workflow), body=body))

    async def workflows(self) -> list[dict[str, Any]]:
        """The newest version of each deployed workflow."""
        return list((await self._transport.call("GET", "/workflows")).json["workflows"])

    async def workflow(self, name: str) -> dict[str, Any]:
        """A WorkflowDocument."""
        return self._object(await self._transport.call("GET", path_of("workflows", name)))

    async def remove_workflow(self, name: str) -> None:
        """All its versions and its schedule; its runs stay."""
        await self._transport.call("DELETE", path_of("workflows", name))

    async def schedules(self) -> list[dict[str, Any]]:
        return list((await self._transport.call("GET", "/schedules")).json["schedules"])

    async def schedule(self, name: str) -> dict[str, Any]:
        return self._object(await self._transport.call("GET", path_of("schedules", name)))

    async def pause(self, name: str) -> dict[str, Any]:
        """The schedule, with `changed`."""
        return self._object(await self._transport.call("POST", path_of("schedules", name, "pause"), repeat=True))

    async def resume(self, name: str) -> dict[str, Any]:
        return self._object(await self._transport.call("POST", path_of("schedules", name, "resume"), repeat=True))

    async def remove_schedule(self, name: str) -> None:
        await self._transport.call("DELETE", path_of("schedules", name))

    async def backfill(self, name: str, start: str, end: str, dry_run: bool) -> list[dict[str, Any]]:
        """`{"instant", "run", "created"}` of each instant; with `dry_run` the instants alone. Times are ISO 8601 with a zone. May be
        repeated: an instant that has a run keeps it."""
        body = {"from": start, "to": end, "dry_run": dry_run}
        answer = await self._transport.call("POST", path_of("schedules", name, "backfill"), body=body, repeat=True)
        return list(answer.json["runs"])

    async def pools(self) -> dict[str, int]:
        return {pool["name"]: pool["slots"] for pool in (await self._transport.call("GET", "/pools")).json["pools"]}

    async def set_pool(self, name: str, slots: int) -> None:
        await self._transport.call("PUT", path_of("pools", name), body={"slots": slots})

    async def rules(self) -> list[RuleDocument]:
        """Who is told of what, by name."""
        return list((await self._transport.call("GET", "/notify/rules")).json["rules"])

    async def put_rule(
        self,
        name: str,
        events: Sequence[str] = (),
        workflow: str | None = None,
        mail: Sequence[str] = (),
        webhook: str = "",
        webhook_env: str = "",
        secret_env: str = "",
    ) -> KeptRule:
        """In place of the one with this name. Where to is said by one of `mail`, `webhook` and `webhook_env`."""
        given = {"events": [*events], "workflow": workflow, "mail": [*mail], "webhook": webhook}
        given |= {"webhook_env": webhook_env, "secret_env": secret_env}
        body = {name: value for name, value in given.items() if value}
        document: KeptRule = (await self._transport.call("PUT", path_of("notify", "rules", name), body=body)).json
        return document

    async def remove_rule(self, name: str) -> None:
        """With what it has still to tell."""
        await self._transport.call("DELETE", path_of("notify", "rules", name))

    async def try_rule(self, name: str) -> RuleDocument:
        """Sends a test from the server. Raises Problem (not-delivered). Not repeated by itself: the receiver would have two."""
        path = path_of("notify", "rules", name, "test")
        document: RuleDocument = (await self._transport.call("POST", path)).json
        return document

    async def failed_notices(self) -> list[GivenUpNotice]:
        """What could not be told and was given up, newest first."""
        return list((await self._transport.call("GET", "/notify/failed")).json["notices"])

    async def retry_notices(self) -> int:
        """How many of them are tried again."""
        return int((await self._transport.call("POST", "/notify/retry", repeat=True)).json["tried"])

    async def tokens(self) -> list[dict[str, Any]]:
        """Newest first, also those that have ended."""
        return list((await self._transport.call("GET", "/tokens")).json["tokens"])

    async def create_token(
        self, name: str, scopes: Sequence[str], namespace: str, seconds: int | None
    ) -> dict[str, Any]:
        """`secret` in the answer is the token. Not repeated by itself: one of the two would be in nobody's hands."""
        body = {"name": name, "scopes": list(scopes), "namespace": namespace, "expires_in": seconds}
        return self._object(await self._transport.call("POST", "/tokens", body=body))

    async def revoke_token(self, token: str) -> None:
        await self._transport.call("DELETE", path_of("tokens", token))

    async def letters(
        self,
        state: str = "open",
        workflow: str | None = None,
        since: str | None = None,
        cursor: int | None = None,
        limit: int = 50,
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Dead letters, newest first, and the cursor of the next page. `state`: open, replayed, dropped, all; `since` is ISO 8601 with a zone."""
        query = {"state": state, "workflow": workflow, "since": since, "cursor": cursor, "limit": limit}
        found = (await self._transport.call("GET", "/dead-letters", query)).json
        return list(found["letters"]), found["next"]

    async def letter(self, letter: str) -> dict[str, Any]:
        return self._object(await self._transport.call("GET", path_of("dead-letters", letter)))

    async def drop_letter(self, letter: str) -> dict[str, Any]:
        """The letter, with `changed`."""
        return self._object(await self._transport.call("POST", path_of("dead-letters", letter, "drop")))

    async def replay(
        self, letters: Sequence[str], values: Mapping[str, str], dry_run: bool = False
    ) -> list[dict[str, Any]]:
        """`{"run", "letters", "tasks", "refusal"}` of each run: so many tasks of it are tried again, or `refusal` says why none is. With
        `dry_run` none is, and wrong values raise Problem (wrong-field) as they do without."""
        body = {"letters": list(letters), "set": dict(values), **({"dry_run": True} if dry_run else {})}
        answer = await self._transport.call("POST", "/dead-letters/replay", body=body, repeat=dry_run)
        return list(answer.json["runs"])

    async def settings(self) -> list[dict[str, Any]]:
        """Of the server: `{"key", "value", "origin", ...}`, with what is secret hidden; without the scope `admin` those that tell nothing of
        other hosts and namespaces."""
        return list((await self._transport.call("GET", "/config")).json["settings"])

    async def settings_for(self, role: str) -> dict[str, str]:
        """What a `worker`, `scheduler`, `relay` or `notifier` elsewhere needs, by key, with passwords. The token needs the scope `join`."""
        answer = self._object(await self._transport.call("POST", path_of("config", role), repeat=True))
        return {str(key): str(text) for key, text in answer["settings"].items()}

    async def workers(self) -> list[dict[str, Any]]:
        return list((await self._transport.call("GET", "/workers")).json["workers"])

    def _object(self, answer: Answer) -> dict[str, Any]:
        found = answer.json
        if not isinstance(found, dict):
            raise NotFlow(f"{self.url} does not answer as a Flow server of this version does: check --url")
        return found

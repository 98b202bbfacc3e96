"""Runs that a server works on, watched from here."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flow_client.answers import Origin, Submitted
from flow_client.client import Client
from flow_client.errors import ClientError, Problem, Unreachable
from flow_engine.model import RunRecord, Tally

from flow_cli.backends.address import client_of
from flow_cli.backends.edited import load_for
from flow_cli.backends.feed import Feed, Reader, at
from flow_cli.backends.sending import folder_to_send, given, load_to_send, send
from flow_cli.backends.server import ServerBackend
from flow_cli.backends.server_reads import ServerReads
from flow_cli.progress.board import Board
from flow_cli.request import RunRequest

LOOK = 0.1
"""Seconds that one step takes at most."""


class ServerRun:
    """`folder`: where its flow file is here."""

    def __init__(self, client: Client, run: str, folder: str | None) -> None:
        self.reads = ServerReads(client, folder)
        record = self.reads.run(run)
        self.run = record.id
        self.board = Board(record.id, self.reads.plan(record.plan_hash, record.workflow).workflow)
        self._client = client
        self._feed = Feed(self.board, lambda task: client.task(record.id, task))
        # what happened before it was tried again is counted and not shown
        self._since = record.reopened_at or 0.0
        self._changes = Reader(client_of(client.url).changes(record.id))

    @property
    def over(self) -> bool:
        return self.board.over

    def step(self) -> None:
        try:
            while (change := self._changes.take(LOOK)) is not None:
                self._feed.take(change)
                if at(change) >= self._since:
                    return
            self.board.over = self._changes.ended
        except ClientError as error:
            told = f"{error}; the server goes on with run {self.run}: flow run --resume {self.run} --url {self._client.url}"
            raise Unreachable(told) from error

    def cancel(self) -> None:
        try:
            self._client.cancel(self.run)
        except Problem as problem:
            if problem.kind != "ended-already":
                raise

    def tallies(self) -> Sequence[Tally]:
        rows = self.reads.tasks(self.run)
        counts = Counter((row.node, row.place is None, row.state, row.size) for row in rows)
        return [Tally(*key, count) for key, count in counts.items()]


class ServerRunner:
    def __init__(self, client: Client) -> None:
        self._client = client

    @contextmanager
    def start(self, request: RunRequest, last: bool) -> Iterator[ServerRun]:
        if request.resume:
            yield ServerRun(self._client, request.resume, None)
            return
        loaded = load_to_send(request.file)
        params, root = given(loaded, request)

        def call(origin: Origin) -> Submitted:
            return self._client.submit(origin, params)

        run, _ = send(self._client, loaded, root, call)
        yield ServerRun(self._client, run, loaded.folder)

    def submit(self, request: RunRequest, runs: Sequence[dict[str, Any]]) -> list[tuple[str, bool]]:
        loaded = load_to_send(request.file)
        # a line of a file may give what the command line does not
        params, root = given(loaded, request, complete=not any(run.get("params") for run in runs))
        wishes = [{**run, "params": {**params, **run.get("params", {})}} for run in runs]

        def call(origin: Origin) -> list[Submitted]:
            if len(wishes) > 1:
                return self._client.submit_all(origin, wishes)
            (one,) = wishes
            key, priority, labels = one.get("idempotency_key"), one.get("priority"), one.get("labels", ())
            return [self._client.submit(origin, one["params"], key, priority, labels)]

        told = send(self._client, loaded, root, call)
        return [(one.run, one.created) for one in told]

    @contextmanager
    def retry(self, run: str | None, file: str | None, request: RunRequest) -> Iterator[ServerRun]:
        record = ServerBackend(self._client).find(run)
        if file is None:
            self._client.retry(record.id)
            print(f"run {record.id} is tried again; what has succeeded stays", file=sys.stderr)
            yield ServerRun(self._client, record.id, None)
            return
        loaded = load_for(file, record, None)
        params, root = given(loaded, request, complete=False)

        def call(origin: Origin) -> Submitted:
            return self._client.retry_with(record.id, origin, params)

        new, _ = send(self._client, loaded, root, call)
        yield ServerRun(self._client, new, loaded.folder)

    def diff(self, run: str | None, file: str) -> dict[str, Any]:
        record: RunRecord = ServerBackend(self._client).find(run)
        loaded = load_for(file, record, None)

        def call(origin: Origin) -> dict[str, Any]:
            return self._client.diff(record.id, origin, {})

        return send(self._client, loaded, folder_to_send(loaded), call)

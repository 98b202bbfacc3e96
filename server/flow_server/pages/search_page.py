"""One box that takes any id, and goes to what it is of."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from flow_engine.errors import FlowError, UnknownLetter, UnknownSchedule, UnknownWorkflow
from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter, Store
from flow_runtime.document import key_of
from flow_runtime.trace_ids import trace_id
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.pages.names import part_of
from flow_server.pages.schedules_page import url_of
from flow_server.pages.show import show
from flow_server.services import services_of

LONGEST = 300
"""Characters that are looked for."""
SHOWN = 20
"""Runs whose ids begin as it was written."""
TRACED = 2000
"""The newest runs, whose traces are looked at: a trace is not kept, it follows from the run."""
_START = re.compile(r"[0-9a-z]{4,26}")
_TASK = re.compile(r"([0-9a-z]{4,26})[\s/]+(?:tasks/)?([^\s/]+(?:\[[0-9]+])?)(?:/log)?")
_TRACE = re.compile(r"(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?")


class Hit(NamedTuple):
    kind: str
    text: str
    url: str
    run: RunRecord | None = None


async def page(request: Request) -> Response:
    text = _plain(request.query_params.get("q", "")[:LONGEST])
    found = await services_of(request).stores.run(lambda store: hits(store, text)) if text else []
    if len(found) == 1:
        return RedirectResponse(found[0].url, 303)
    values: dict[str, Any] = {
        "text": text,
        "hits": found,
        "traced": TRACED,
        "by_label": f"/?{urlencode({'label': text})}",
    }
    return await show(request, "search.html", lambda _: values)


def _plain(text: str) -> str:
    """Nothing that no id has, and that a database would trip over."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def hits(store: Store, text: str) -> list[Hit]:
    """What it may mean, each once, the likeliest first."""
    found: dict[str, Hit] = {}
    for hit in _meanings(store, text):
        found.setdefault(hit.url, hit)
    return list(found.values())


def _meanings(store: Store, text: str) -> Iterator[Hit]:
    yield from _letter(store, text)
    yield from _task(store, text)
    yield from _runs(store, text)
    yield from _key(store, text)
    yield from _schedule(store, text)
    yield from _workflow(store, text)
    yield from _trace(store, text)


def _letter(store: Store, text: str) -> Iterator[Hit]:
    try:
        letter = store.letters.letter(text)
    except UnknownLetter:
        return
    yield Hit("Dead letter", f"{letter.key} of {letter.workflow}", f"/dead-letters/{quote(letter.id)}")


def _task(store: Store, text: str) -> Iterator[Hit]:
    """`RUN TASK`, as it is copied from a table or a URL."""
    parts = _TASK.fullmatch(text)
    if parts is None:
        return
    try:
        record = store.run(parts[1])
        plan = store.plan(record.plan_hash, record.workflow)
    except FlowError:  # there is no such run, or there are several, or it is damaged: nothing that a task could be of
        return
    if any(key_of(plan, row) == parts[2] for row in store.tasks(record.id)):
        yield Hit("Task", parts[2], f"/runs/{record.id}/tasks/{quote(parts[2], safe='')}", record)


def _runs(store: Store, text: str) -> Iterator[Hit]:
    if not _START.fullmatch(text):
        return
    filter_ = RunFilter(before=text + "\uffff", since=text, limit=SHOWN)
    for record in store.runs(filter_, lambda _: None):
        yield _run("Run", record)


def _key(store: Store, text: str) -> Iterator[Hit]:
    run = store.run_of_key(text)
    record = None if run is None else store.records([run]).get(run)
    if isinstance(record, RunRecord):
        yield _run("Idempotency key", record)


def _schedule(store: Store, text: str) -> Iterator[Hit]:
    try:
        record = store.schedule(text)
    except UnknownSchedule:
        return
    yield Hit("Schedule", record.id, url_of(record.id))


def _workflow(store: Store, text: str) -> Iterator[Hit]:
    """The page of one that is deployed, which has its runs; else the runs."""
    try:
        store.versions(text, 1)
    except UnknownWorkflow:
        pass  # it may have run all the same
    else:
        yield Hit("Workflow", text, f"/workflows/{part_of(text)}")
        return
    if store.runs(RunFilter(workflow=text, limit=1), lambda _: None):
        yield Hit("Runs of the workflow", text, f"/?{urlencode({'workflow': text})}")


def _trace(store: Store, text: str) -> Iterator[Hit]:
    parts = _TRACE.fullmatch(text)
    if parts is None:
        return
    for record in store.runs(RunFilter(limit=TRACED), lambda _: None):
        if trace_id(record.id) == parts[1]:
            yield _run("Trace", record)
            return


def _run(kind: str, record: RunRecord) -> Hit:
    return Hit(kind, record.id, f"/runs/{record.id}", record)

"""Cancel or retry many runs that a filter chooses. Bounded, and it says how many: the rest is for another request, from the cursor on."""

from functools import partial
from typing import Literal

from flow_client.documents import BulkDocument, RunState
from flow_engine.ids import first_id
from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter, Store
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.api.runs import cancelled
from flow_server.api.submit import not_again, reopened
from flow_server.documents import answer, json_bytes
from flow_server.paging import runs_page
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import A_MOMENT, Body, Moment

MOST = 500
"""Runs of one request."""
Action = Literal["cancel", "retry"]
FITTING: dict[Action, tuple[RunState, ...]] = {"cancel": ("queued", "running"), "retry": ("failed", "cancelled")}
"""The states of runs to which it can be done."""


class BulkFilter(Body):
    """Which runs. `state` must be given, so that nothing is done to all runs by a slip."""

    workflow: str | None = Field(None, description="the name of a workflow, a string")
    label: str | None = Field(None, max_length=200, description="a label, a string of at most 200 characters")
    since: Moment | None = Field(None, description=A_MOMENT)
    cursor: str | None = Field(
        None, pattern="^[0-9A-Za-z]{1,26}$", description="a `next_cursor` that an earlier answer gave"
    )
    limit: int | None = Field(None, ge=1, le=MOST, description=f"an integer from 1 to {MOST}; 100 if left out")
    dry_run: bool | None = Field(None, description="true or false: whether to tell what would be done, and do nothing")


class CancelFields(BulkFilter):
    state: Literal["queued", "running"] = Field(description="`queued` or `running`")


class RetryRunsFields(BulkFilter):
    state: Literal["failed", "cancelled"] = Field(description="`failed` or `cancelled`")


_ANSWERS = {
    200: Answer("With `dry_run`: the runs that it would be done to.", BulkDocument),
    202: Answer("What was done, run by run.", BulkDocument),
}


@operation(
    "cancelRuns",
    "POST",
    API + "/runs/cancel",
    "Cancel the runs that a filter chooses",
    tag="runs",
    answers=_ANSWERS,
    problems=("unreadable",),
    example={"state": "queued", "workflow": "hello", "label": "demo", "dry_run": True},
)
async def cancel_runs(request: Request, body: CancelFields) -> Response:
    """Newest first. `next_cursor` is the `cursor` for the others, or null; child runs end with their parents."""
    return await _each(request, body)


@operation(
    "retryRuns",
    "POST",
    API + "/runs/retry",
    "Try the runs again that a filter chooses",
    tag="runs",
    answers=_ANSWERS,
    problems=("unreadable",),
    example={"state": "failed", "since": "2026-01-31T12:00:00Z", "limit": 50},
)
async def retry_runs(request: Request, body: RetryRunsFields) -> Response:
    """Each goes on from what failed, or `refusal` says why it does not. Newest first; `next_cursor` is the `cursor` for the others, or null."""
    return await _each(request, body)


async def _each(request: Request, body: CancelFields | RetryRunsFields) -> Response:
    stores = services_of(request).stores
    since = None if body.since is None else first_id(body.since)
    filter_ = RunFilter(body.state, body.workflow, body.cursor, body.limit or 100, top=True, since=since)
    page = await stores.run(lambda store: runs_page(store, filter_, body.label))
    action: Action = "cancel" if isinstance(body, CancelFields) else "retry"
    told = []
    for record in page.records:  # a transaction each, so that others come between
        refusal = "" if body.dry_run else await stores.run(partial(done, action=action, run=record.id))
        told.append({"run": record.id, "done": not (refusal or body.dry_run), "refusal": refusal})
    document = {"runs": told, "matched": len(told), "done": sum(one["done"] is True for one in told)}
    return answer(json_bytes({**document, "next_cursor": page.following}), 200 if body.dry_run else 202)


def done(store: Store, action: Action, run: str) -> str:
    """Why it was not done; empty where it was."""
    if action == "cancel":
        accepted, document = cancelled(store, run)
        return "" if accepted else f"it has {document['state']} meanwhile"
    try:
        reopened(store, run)
    except Problem as problem:
        return problem.detail
    return ""


def refusal(action: Action, record: RunRecord) -> str:
    """Why it would not be done to this run as it is now; empty where it may be."""
    if action == "retry":
        return not_again(record)
    return "" if record.finished_at is None else f"it has {record.state} already"

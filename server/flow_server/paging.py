"""The filters and cursors of a list, as they come in a URL."""

from typing import get_args

from flow_client.documents import RunState
from flow_engine.ids import first_id
from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter, Store
from pydantic import Field

from flow_server.shapes import A_MOMENT, Flag, Moment, Query, Whole

SCAN = 2000
"""Runs that a page of a label looks at."""
_CHUNK = 500
RUN_STATES: tuple[str, ...] = get_args(RunState)


class PageQuery(Query):
    """Which runs a page shows, and how many of them."""

    state: RunState | None = Field(None, description=f"one of {', '.join(RUN_STATES)}")
    workflow: str | None = Field(
        None, description="the name of a workflow; with its file, as in lib/q.flow:check, that one alone"
    )
    limit: Whole = Field(50, ge=1, le=500, description="a whole number from 1 to 500")
    cursor: str | None = Field(
        None, pattern="^[0-9A-Za-z]{1,26}$", description="a `next_cursor` that an earlier page gave"
    )
    top: Flag = Field(0, description="1 to leave child runs out, or 0")


class RunsQuery(PageQuery):
    """Which runs, and how many of them."""

    label: str | None = Field(None, max_length=200, description="a label, of at most 200 characters")
    since: Moment | None = Field(None, description=f"{A_MOMENT}: runs that were submitted then or later")


class RowsQuery(Query):
    """A page of a run's tasks."""

    limit: Whole = Field(1000, ge=1, le=10_000, description="a whole number from 1 to 10,000")
    cursor: Whole = Field(0, ge=0, le=999_999_999, description="a `next_cursor` that an earlier page gave")


def filter_of(query: RunsQuery) -> RunFilter:
    since = None if query.since is None else first_id(query.since)
    return RunFilter(query.state, query.workflow, query.cursor, query.limit, top=bool(query.top), since=since)


def runs_page(store: Store, filter_: RunFilter, label: str | None = None) -> tuple[list[RunRecord], str | None]:
    """A page, newest first, and the cursor of the next one. New runs never move what a cursor points at. With a label, which has no
    index, it looks at SCAN runs at most, so that it may hold fewer than are asked for."""
    if label is not None:
        return _labelled(store, filter_, label)
    found = store.runs(filter_._replace(limit=filter_.limit + 1))
    shown = found[: filter_.limit]
    return shown, shown[-1].id if len(found) > len(shown) else None


def _labelled(store: Store, filter_: RunFilter, label: str) -> tuple[list[RunRecord], str | None]:
    shown: list[RunRecord] = []
    before = filter_.before
    for _ in range(SCAN // _CHUNK):
        found = store.runs(filter_._replace(before=before, limit=_CHUNK))
        for record in found:
            if label in record.labels:
                shown.append(record)
                if len(shown) == filter_.limit:
                    return shown, record.id
        if len(found) < _CHUNK:
            return shown, None
        before = found[-1].id
    return shown, before

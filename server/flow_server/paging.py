"""The filters and cursors of a list, as they come in a URL."""

from typing import NamedTuple, get_args

from flow_client.documents import RunState
from flow_engine.errors import Unreadable
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


class Page(NamedTuple):
    """Runs, newest first, and the cursor of the next page. `damaged` are those that cannot be read, which keep no other from being shown."""

    records: list[RunRecord]
    following: str | None
    damaged: list[Unreadable]


def runs_page(store: Store, filter_: RunFilter, label: str | None = None) -> Page:
    """New runs never move what a cursor points at. With a label, which has no index, it looks at SCAN runs at most, so that it may hold fewer
    than are asked for."""
    if label is not None:
        return _labelled(store, filter_, label)
    damaged: list[Unreadable] = []
    found = store.runs(filter_._replace(limit=filter_.limit + 1), damaged.append)
    shown = found[: filter_.limit]
    more = len(found) + len(damaged) > filter_.limit and bool(shown)
    return Page(shown, shown[-1].id if more else None, damaged)


def _labelled(store: Store, filter_: RunFilter, label: str) -> Page:
    shown: list[RunRecord] = []
    damaged: list[Unreadable] = []
    before = filter_.before
    for _ in range(SCAN // _CHUNK):
        known = len(damaged)
        found = store.runs(filter_._replace(before=before, limit=_CHUNK), damaged.append)
        for record in found:
            if label in record.labels:
                shown.append(record)
                if len(shown) == filter_.limit:
                    return Page(shown, record.id, damaged)
        if not found or len(found) + len(damaged) - known < _CHUNK:
            return Page(shown, None, damaged)
        before = found[-1].id
    return Page(shown, before, damaged)

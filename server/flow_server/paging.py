"""The filters and cursors of a list, as they come in a URL."""

from typing import get_args

from flow_client.answers import RunState
from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter, Store
from pydantic import Field
from starlette.datastructures import QueryParams

from flow_server.shapes import Flag, Query, Whole, read_query

RUN_STATES: tuple[str, ...] = get_args(RunState)


class RunsQuery(Query):
    """Which runs, and how many of them."""

    state: RunState | None = Field(None, description=f"one of {', '.join(RUN_STATES)}")
    workflow: str | None = Field(
        None, description="the name of a workflow; with its file, as in lib/q.flow:check, that one alone"
    )
    limit: Whole = Field(50, ge=1, le=500, description="a whole number from 1 to 500")
    cursor: str | None = Field(
        None, pattern="^[0-9A-Za-z]{1,26}$", description="a `next_cursor` that an earlier page gave"
    )
    top: Flag = Field(0, description="1 to leave child runs out, or 0")


class RowsQuery(Query):
    """A page of a run's tasks."""

    limit: Whole = Field(1000, ge=1, le=10_000, description="a whole number from 1 to 10,000")
    cursor: Whole = Field(0, ge=0, le=999_999_999, description="a `next_cursor` that an earlier page gave")


def run_filter(query: QueryParams) -> RunFilter:
    """Raises Problem."""
    return filter_of(read_query(query, RunsQuery))


def filter_of(query: RunsQuery) -> RunFilter:
    return RunFilter(query.state, query.workflow, query.cursor, query.limit, top=bool(query.top))


def runs_page(store: Store, filter_: RunFilter) -> tuple[list[RunRecord], str | None]:
    """A page, newest first, and the cursor of the next one. New runs never move what a cursor points at."""
    found = store.runs(filter_._replace(limit=filter_.limit + 1))
    shown = found[: filter_.limit]
    return shown, shown[-1].id if len(found) > len(shown) else None

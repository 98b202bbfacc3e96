"""The list of runs, filtered by its URL."""

import json
import time
from typing import Any

from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.bulk import FITTING
from flow_server.pages.filters import SINCE, Filter
from flow_server.pages.show import show
from flow_server.paging import RUN_STATES, RunsQuery, filter_of, runs_page

NAMES = ("state", "workflow", "label", "since")
CHILDREN = "top"


async def page(request: Request) -> Response:
    given = request.query_params
    filter_ = Filter(given, (*NAMES, CHILDREN))
    query = filter_.query(RunsQuery, cursor=given.get("cursor", ""), limit=given.get("limit", ""))
    wanted = filter_of(query)

    def values(store: Store) -> dict[str, Any]:
        shown = runs_page(store, wanted, query.label)
        return {
            "place": "/",
            "records": [(record, message_of(record)) for record in shown.records],
            "damaged": [str(error) for error in shown.damaged],
            "filter": filter_,
            "states": RUN_STATES,
            "since": SINCE,
            "actions": [name for name, fit in FITTING.items() if query.state in (None, *fit)],
            "now": time.time(),
            "first": filter_.url("/") if wanted.before else "",
            "following": filter_.url("/", cursor=shown.following) if shown.following else "",
            "limit": wanted.limit,
        }

    return await show(request, "runs.html", values)


def message_of(record: RunRecord) -> str:
    """Why it failed, in words; empty where it did not."""
    try:
        found = json.loads(record.error) if record.error else {}
    except ValueError:  # damaged; its own page tells
        return ""
    return str(found.get("message", "")) if isinstance(found, dict) else ""

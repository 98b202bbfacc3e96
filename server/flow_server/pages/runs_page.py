"""The list of runs, filtered by its URL."""

from urllib.parse import urlencode

from flow_engine.stores.contract import RunFilter, Store
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from flow_server.pages.render import rendered, session_values
from flow_server.paging import RUN_STATES, run_filter, runs_page
from flow_server.services import services_of


async def page(request: Request) -> Response:
    filter_ = run_filter(request.query_params)
    session = session_values(request)

    def job(store: Store) -> str:
        records, following = runs_page(store, filter_)
        return rendered(
            "runs.html",
            **session,
            records=records,
            filter=filter_,
            states=RUN_STATES,
            here=_url(filter_, filter_.before),
            first=_url(filter_, None) if filter_.before else "",
            following=_url(filter_, following) if following else "",
            live=any(record.finished_at is None for record in records),
        )

    return HTMLResponse(await services_of(request).stores.run(job))


def _url(filter_: RunFilter, cursor: str | None) -> str:
    given = {"state": filter_.state, "workflow": filter_.workflow, "cursor": cursor}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"/?{query}" if query else "/"

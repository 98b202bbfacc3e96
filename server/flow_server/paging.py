"""The filters and cursors of a list, as they come in a URL."""

from flow_engine import states
from flow_engine.model import RunRecord
from flow_engine.stores.contract import RunFilter, Store
from starlette.datastructures import QueryParams

from flow_server.problem import Problem

RUN_STATES = (states.QUEUED, states.RUNNING, states.SUCCEEDED, states.FAILED, states.CANCELLED)


def number(query: QueryParams, name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise Problem(
            422, "wrong-query", f"`{name}` must be a whole number from {least} to {most}, and is {text[:50]!r}"
        )
    return int(text)


def known(query: QueryParams, names: tuple[str, ...]) -> None:
    """Raises Problem for a parameter that the route does not know: a misspelt filter would give everything."""
    for name in query:
        if len(query.getlist(name)) > 1:
            raise Problem(422, "wrong-query", f"`{name[:50]}` is given {len(query.getlist(name))} times; give it once")
        if name not in names:
            there_are = f"there are: {', '.join(names)}" if names else "this route has none"
            raise Problem(422, "wrong-query", f"there is no query parameter `{name[:50]}`; {there_are}")


def run_filter(query: QueryParams, default_limit: int = 50) -> RunFilter:
    """`state`, `workflow`, `cursor`, `limit`, and `top=1` for no child runs; an empty one counts as not given."""
    known(query, ("state", "workflow", "limit", "cursor", "top"))
    state = query.get("state") or None
    if state is not None and state not in RUN_STATES:
        raise Problem(422, "wrong-query", f"there is no state {state[:50]!r}; there are: {', '.join(RUN_STATES)}")
    cursor = query.get("cursor") or None
    if cursor is not None and not (cursor.isascii() and cursor.isalnum() and len(cursor) <= 26):
        raise Problem(422, "wrong-query", "`cursor` must be a `next_cursor` that an earlier page gave")
    limit = number(query, "limit", default_limit, 1, 500)
    top = bool(number(query, "top", 0, 0, 1))
    return RunFilter(state, query.get("workflow") or None, cursor, limit, top=top)


def runs_page(store: Store, filter_: RunFilter) -> tuple[list[RunRecord], str | None]:
    """A page, newest first, and the cursor of the next one. New runs never move what a cursor points at."""
    found = store.runs(filter_._replace(limit=filter_.limit + 1))
    shown = found[: filter_.limit]
    return shown, shown[-1].id if len(found) > len(shown) else None

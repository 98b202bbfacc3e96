"""Cancel or retry many runs: those that were ticked, or all that a filter finds. First what would happen, then what has."""

from functools import partial
from typing import NamedTuple

from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.bulk import FITTING, MOST, Action, done, refusal
from flow_server.pages.filters import Filter
from flow_server.pages.many_form import many_form
from flow_server.pages.runs_page import NAMES
from flow_server.pages.show import show
from flow_server.paging import RunsQuery, filter_of, runs_page
from flow_server.problem import Problem
from flow_server.services import services_of

SHOWN = 20
"""Runs that are named."""


class Told(NamedTuple):
    """What becomes of one run: it is done, or `refusal` says why not."""

    record: RunRecord
    refusal: str


async def page(request: Request) -> Response:
    """Without `sure` it says what would happen."""
    form = await many_form(request)
    filter_ = Filter({name: texts[-1] for name, texts in form.items()}, NAMES)
    query, action = filter_.query(RunsQuery), _action(form)
    chosen, is_all, is_sure = form.get("run", []), "all" in form, "sure" in form
    if not chosen and not is_all:
        raise Problem(422, "nothing-chosen", "no run was chosen: tick some, or take all that the filter finds")
    stores = services_of(request).stores
    records, more = await stores.run(
        lambda store: _found(store, query, action) if is_all else (_named(store, chosen[:MOST]), "more" in form)
    )
    told = []
    for record in records:  # a transaction each, so that others come between
        why = refusal(action, record)
        if is_sure and not why:
            why = await stores.run(partial(done, action=action, run=record.id))
        told.append(Told(record, why))
    values = {
        "place": "/",
        "action": action,
        "fitting": [one.record for one in told if not one.refusal],
        "refused": [one for one in told if one.refusal],
        "shown": SHOWN,
        "names": [record.id for record in records],  # what is confirmed is what was shown, whatever has come since
        "gone": 0 if is_all else len({*chosen}) - len(records),
        "filter": filter_,
        "more": more,
        "back": filter_.url("/"),
        "done": is_sure,
    }
    return await show(request, "many_runs.html", lambda _: values)


def _action(form: dict[str, list[str]]) -> Action:
    found = form.get("action", [""])[-1]
    if found not in FITTING:
        raise Problem(422, "wrong-field", f"`action` must be one of {', '.join(FITTING)}", field="action")
    return found


def _found(store: Store, query: RunsQuery, action: Action) -> tuple[list[RunRecord], bool]:
    """Those that the filter finds and to which it can be done, newest first and without child runs, which go with their parents; and whether
    there are more."""
    records: list[RunRecord] = []
    more = False
    for state in FITTING[action]:
        if query.state in (None, state):
            filter_ = filter_of(query)._replace(state=state, top=True, before=None, limit=MOST)
            found = runs_page(store, filter_, query.label)
            records += found.records
            more = more or found.following is not None
    records.sort(key=lambda record: record.id, reverse=True)
    return records[:MOST], more or len(records) > MOST


def _named(store: Store, names: list[str]) -> list[RunRecord]:
    """Those that are still there."""
    found = store.records({*names})
    return [record for _, record in sorted(found.items(), reverse=True) if isinstance(record, RunRecord)]

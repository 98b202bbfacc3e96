"""Dead letters: tasks that failed for good, and their replay."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flow_engine.dead_letters.contract import OPEN, STATES, Letter, LetterFilter
from flow_engine.errors import Refused, UnknownRun
from flow_engine.stores.contract import Store
from flow_runtime.letters import MOST, letter_document, letters_page
from flow_runtime.replays import Replayed, Wish, by_run, replay, wish_of
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from flow_server.body import json_body, wrong_field
from flow_server.documents import answer, json_bytes
from flow_server.paging import known, number
from flow_server.problem import Problem
from flow_server.services import services_of

_LAST = 10**9


async def letters(request: Request) -> Response:
    """Newest first, those that are open unless `state` says otherwise; `next` is the cursor of the next page."""
    wanted = letter_filter(request.query_params)

    def job(store: Store) -> bytes:
        found, more = letters_page(store, wanted)
        return json_bytes({"letters": found, "next": more})

    return answer(await services_of(request).stores.run(job))


async def letter(request: Request) -> Response:
    name = request.path_params["letter"]
    return answer(
        await services_of(request).stores.run(lambda store: json_bytes(letter_document(store.letters.letter(name))))
    )


async def drop(request: Request) -> Response:
    """It is not open any more, and stays; `changed` is false where it was not open."""
    name = request.path_params["letter"]

    def job(store: Store) -> bytes:
        changed = store.letters.drop(name, time.time())
        return json_bytes({**letter_document(store.letters.letter(name)), "changed": changed})

    return answer(await services_of(request).stores.run(job))


async def replays(request: Request) -> Response:
    """202 with a run for each that letters were chosen of: it goes on with these tasks, or `refusal` says why not. `set` gives other values
    for what the tasks read, as people write them. Each letter is replayed once. With `dry_run`, 200: nothing goes on."""
    fields = await json_body(request, {"letters": list}, {"set": dict, "dry_run": bool})
    names, texts = _names(fields["letters"]), _texts(fields.get("set", {}))
    dry_run = bool(fields.get("dry_run"))

    def job(store: Store) -> bytes:
        chosen = by_run(store.letters.letter(name) for name in names)
        wishes = [_wish(store, some, texts) for some in chosen.values()]
        told = [_looked_at(wish) if dry_run else _replayed(store, wish) for wish in wishes]
        return json_bytes({"runs": [one._asdict() for one in told]})

    return answer(await services_of(request).stores.run(job), 200 if dry_run else 202)


def letter_filter(query: QueryParams) -> LetterFilter:
    """Raises Problem."""
    known(query, ("state", "workflow", "since", "limit", "cursor"))
    state = query.get("state") or OPEN
    if state not in (*STATES, "all"):
        raise Problem(422, "wrong-query", f"there is no state {state[:50]!r}; there are: {', '.join((*STATES, 'all'))}")
    before = number(query, "cursor", 0, 0, _LAST - 1)
    return LetterFilter(
        None if state == "all" else state,
        query.get("workflow") or None,
        _moment(query["since"]) if query.get("since") else None,
        before or None,
        number(query, "limit", 50, 1, MOST),
    )


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.timestamp()
    except (ValueError, OverflowError):
        pass  # told below, with what has no zone
    raise Problem(
        422, "wrong-query", f"`since` is a time with a zone, as in 2026-01-31T12:00:00Z, and is {text[:50]!r}"
    )


def _names(found: list[Any]) -> list[str]:
    if not 0 < len(found) <= MOST or not all(isinstance(name, str) for name in found):
        raise wrong_field("letters", f"must be a list of 1 to {MOST:,} ids, as GET .../dead-letters gives them")
    return sorted(set(found))


def _texts(found: dict[str, Any]) -> dict[str, str]:
    wrong = next((name for name, text in found.items() if not isinstance(text, str)), None)
    if wrong is not None:
        raise wrong_field("set", f'{wrong[:100]!r} must be a text, as in {{"n": "3"}}')
    return found


def _wish(store: Store, some: Sequence[Letter], texts: Mapping[str, str]) -> Wish:
    """Before any run goes on. Raises Problem."""
    try:
        return wish_of(store, some, texts)
    except Refused as error:
        raise wrong_field("set", f"does not fit: {error}") from None


def _looked_at(wish: Wish) -> Replayed:
    return Replayed(wish.run, wish.letters, 0, wish.refusal)


def _replayed(store: Store, wish: Wish) -> Replayed:
    try:
        return replay(store, wish)
    except (Refused, UnknownRun) as error:  # another was quicker, or the run was removed
        return Replayed(wish.run, wish.letters, 0, str(error))

"""The dead letters, and the replay of many of them: first what would happen, then what has."""

import json
from typing import Any, NamedTuple

from flow_engine.dead_letters.contract import OPEN, STATES, Letter
from flow_engine.stores.contract import Store
from flow_runtime.letters import MOST
from flow_runtime.replays import Replayed
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.letters import LettersQuery, letter_filter, replayed
from flow_server.pages.filters import SINCE, Filter
from flow_server.pages.many_form import many_form
from flow_server.pages.show import show
from flow_server.problem import Problem

HERE = "/dead-letters"
NAMES = ("state", "workflow", "since")
SHOWN = 20
"""Runs that a page of many replays names."""


class Outlook(NamedTuple):
    """Of a replay: how many letters of how many runs go on, with the first of these runs; and the same of those that do not."""

    letters: int
    runs: int
    named: list[Replayed]
    refused_letters: int
    refused_runs: int
    refused: list[Replayed]


async def page(request: Request) -> Response:
    filter_ = Filter(request.query_params, NAMES)
    wanted = letter_filter(filter_.query(LettersQuery, cursor=request.query_params.get("cursor", "")))

    def values(store: Store) -> dict[str, Any]:
        found = store.letters.page(wanted)
        more = found[-1].number if len(found) == wanted.limit else None
        return {
            "place": HERE,
            "letters": [(letter, error_of(letter).get("message", "")) for letter in found],
            "filter": filter_,
            "states": (*STATES, "all"),
            "since": SINCE,
            "first": filter_.url(HERE) if wanted.before else "",
            "following": filter_.url(HERE, cursor=more) if more else "",
        }

    return await show(request, "letters.html", values)


async def replay(request: Request) -> Response:
    """Without `sure` it says what would happen."""
    form = await many_form(request)
    filter_ = Filter({name: texts[-1] for name, texts in form.items()}, ("workflow", "since"))
    query = filter_.query(LettersQuery)
    chosen, is_all, is_sure = form.get("letter", []), "all" in form, "sure" in form
    if not chosen and not is_all:
        raise Problem(422, "nothing-chosen", "no dead letter was chosen: tick some, or take all that the filter finds")

    def values(store: Store) -> dict[str, Any]:
        names, more = _found(store, query) if is_all else (chosen[:MOST], "more" in form)
        return {
            "place": HERE,
            "outlook": _outlook(replayed(store, names, {}, dry_run=not is_sure)),
            "names": names,  # what is confirmed is what was shown, whatever has come since
            "filter": filter_,
            "more": more,
            "back": filter_.url(HERE),
        }

    return await show(request, "letters_replayed.html" if is_sure else "letters_replay.html", values)


def error_of(letter: Letter) -> dict[str, str]:
    """The texts of it: `code`, `message`, `traceback`, `log`, where there are some."""
    try:
        found = json.loads(letter.error)
    except ValueError:  # damaged
        return {}
    return {name: text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def _outlook(told: list[Replayed]) -> Outlook:
    good, refused = [one for one in told if not one.refusal], [one for one in told if one.refusal]
    return Outlook(*_counted(good), *_counted(refused))


def _counted(told: list[Replayed]) -> tuple[int, int, list[Replayed]]:
    return sum(len(one.letters) for one in told), len(told), told[:SHOWN]


def _found(store: Store, query: LettersQuery) -> tuple[list[str], bool]:
    """The open ones that the filter finds, and whether there are more."""
    wanted = letter_filter(query)._replace(state=OPEN, before=None, limit=MOST + 1)
    found = [letter.id for letter in store.letters.page(wanted)]
    return found[:MOST], len(found) > MOST

"""Dead letters: tasks that failed for good, and their replay."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from flow_client.documents import DroppedLetter, LetterDocument, LettersPage, ReplayedRuns
from flow_engine.dead_letters.contract import STATES, Letter, LetterFilter
from flow_engine.errors import Refused, UnknownRun
from flow_engine.stores.contract import Store
from flow_runtime.letters import MOST, letter_document, letters_page
from flow_runtime.replays import Replayed, Wish, by_run, replay, wish_of
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.documents import answer, json_bytes
from flow_server.services import services_of
from flow_server.shapes import A_MOMENT, Body, Moment, Query, Whole, wrong_field


class LettersQuery(Query):
    state: Literal["open", "replayed", "dropped", "all"] = Field(
        "open", description=f"one of {', '.join((*STATES, 'all'))}"
    )
    workflow: str | None = Field(None, description="the name of a workflow")
    since: Moment | None = Field(None, description=A_MOMENT)
    limit: Whole = Field(50, ge=1, le=MOST, description=f"a whole number from 1 to {MOST:,}")
    cursor: Whole | None = Field(None, description="a `next` that an earlier page gave")


class ReplayFields(Body):
    letters: list[str] = Field(
        min_length=1, max_length=MOST, description=f"a list of 1 to {MOST:,} ids, as GET .../dead-letters gives them"
    )
    set: dict[str, str] | None = Field(None, description='an object of texts by name, as in {"n": "3"}')
    dry_run: bool | None = Field(None, description="true or false: whether nothing is to go on")


@operation(
    "listDeadLetters",
    "GET",
    API + "/dead-letters",
    "Dead letters, newest first",
    tag="dead letters",
    answers={200: Answer("A page of letters.", LettersPage)},
)
async def letters(request: Request, query: LettersQuery) -> Response:
    """Newest first, those that are open unless `state` says otherwise; `next` is the cursor of the next page."""
    wanted = letter_filter(query)

    def job(store: Store) -> bytes:
        found, more = letters_page(store, wanted)
        return json_bytes({"letters": found, "next": more})

    return answer(await services_of(request).stores.run(job))


@operation(
    "getDeadLetter",
    "GET",
    API + "/dead-letters/{letter}",
    "A dead letter",
    tag="dead letters",
    answers={200: Answer("The letter.", LetterDocument)},
    problems=("unknown-letter",),
)
async def letter(request: Request) -> Response:
    name = request.path_params["letter"]
    return answer(
        await services_of(request).stores.run(lambda store: json_bytes(letter_document(store.letters.letter(name))))
    )


@operation(
    "dropDeadLetter",
    "POST",
    API + "/dead-letters/{letter}/drop",
    "Leave a dead letter as it is",
    tag="dead letters",
    answers={200: Answer("The letter.", DroppedLetter)},
    problems=("unknown-letter",),
)
async def drop(request: Request) -> Response:
    """It is not open any more, and stays; `changed` is false where it was not open."""
    name = request.path_params["letter"]

    def job(store: Store) -> bytes:
        letter, changed = dropped(store, name)
        return json_bytes({**letter_document(letter), "changed": changed})

    return answer(await services_of(request).stores.run(job))


@operation(
    "replayDeadLetters",
    "POST",
    API + "/dead-letters/replay",
    "Try the tasks of dead letters again",
    tag="dead letters",
    answers={
        200: Answer("With `dry_run`: what would be refused.", ReplayedRuns),
        202: Answer("What goes on.", ReplayedRuns),
    },
    problems=("unknown-letter", "unknown-run", "unreadable"),
    example={"letters": ["01m8njxz995ry3cj9xg8vh5k6y:0:1"], "set": {"n": "21"}, "dry_run": True},
)
async def replays(request: Request, body: ReplayFields) -> Response:
    """202 with a run for each that letters were chosen of: it goes on with these tasks, or `refusal` says why not. `set` gives other values
    for what the tasks read, as people write them. Each letter is replayed once. With `dry_run`, 200: nothing goes on."""
    names, texts, dry_run = body.letters, body.set or {}, bool(body.dry_run)

    def job(store: Store) -> bytes:
        return json_bytes({"runs": [one._asdict() for one in replayed(store, names, texts, dry_run)]})

    return answer(await services_of(request).stores.run(job), 200 if dry_run else 202)


def letter_filter(query: LettersQuery) -> LetterFilter:
    """Raises Problem."""
    return LetterFilter(
        None if query.state == "all" else query.state,
        query.workflow,
        query.since,
        query.cursor or None,
        query.limit,
    )


def dropped(store: Store, name: str) -> tuple[Letter, bool]:
    """The letter, and whether it was open until now. Raises UnknownLetter."""
    changed = store.letters.drop(name, time.time())
    return store.letters.letter(name), changed


def replayed(store: Store, names: Iterable[str], texts: Mapping[str, str], dry_run: bool) -> list[Replayed]:
    """What becomes of each run that letters are named of; with `dry_run` nothing goes on. Raises UnknownLetter, and Problem for a wrong value:
    then nothing has gone on."""
    chosen = by_run(store.letters.letter(name) for name in sorted({*names}))
    wishes = [_wish(store, some, texts) for some in chosen.values()]
    return [_looked_at(wish) if dry_run else _replayed(store, wish) for wish in wishes]


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

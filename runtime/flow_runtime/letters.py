"""Dead letters for people and programs."""

import json
from typing import Any

from flow_engine.dead_letters.contract import Letter, LetterFilter
from flow_engine.dead_letters.payload import payload
from flow_engine.stores.contract import Store

from flow_runtime.document import moment

MOST = 1000
"""Letters in one request to a server, and in one answer."""


def letter_document(letter: Letter) -> dict[str, Any]:
    """The message that is exported, with what became of the letter here."""
    message: dict[str, Any] = json.loads(payload(letter))
    return {
        **message,
        "topic": letter.topic,
        "state": letter.state,
        "dropped_at": moment(letter.dropped_at),
        "exported_at": moment(letter.exported_at),
    }


def letters_page(store: Store, wanted: LetterFilter) -> tuple[list[dict[str, Any]], int | None]:
    """Newest first, and what `before` of the next page is; None where there is none."""
    found = store.letters.page(wanted)
    more = found[-1].number if len(found) == wanted.limit else None
    return [letter_document(letter) for letter in found], more

"""What the calls of the client take and give, where that is no document of the server (documents.py). Times are ISO 8601 texts in UTC."""

from typing import Any, NamedTuple


class Origin(NamedTuple):
    """Which workflow a run is of: of a `source` (then `file` is its name), of the `file` in a `folder` that was sent, by its digest, or
    a deployed one by its name alone."""

    source: str | None = None
    folder: str | None = None
    file: str | None = None
    workflow: str | None = None

    def fields(self) -> dict[str, str]:
        return {name: value for name, value in self._asdict().items() if value is not None}


class Chosen(NamedTuple):
    """Runs of one state; `since` is ISO 8601 with a zone. At most `limit` of them (500 are possible), from `cursor` on."""

    state: str
    workflow: str | None = None
    label: str | None = None
    since: str | None = None
    cursor: str | None = None
    limit: int = 100


class Submitted(NamedTuple):
    """`created` is false where the idempotency key gave an earlier run."""

    run: str
    created: bool


class Rows(NamedTuple):
    """The rows that a run is made of, as the engine has them; fields may be added."""

    record: dict[str, Any]
    rows: list[dict[str, Any]]


class Change(NamedTuple):
    """A task, or the run where `task` is empty, has come into a state. `at` is an ISO 8601 text."""

    at: str
    task: str
    state: str
    attempt: int


class Piece(NamedTuple):
    """Something that bodies wrote, under the title of its attempt."""

    title: str
    text: str


class Text(NamedTuple):
    """Something that an attempt of a task wrote."""

    attempt: int
    text: str

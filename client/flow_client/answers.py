"""What the server answers, as types. Times are ISO 8601 texts in UTC; results are JSON as people see it."""

from typing import Any, NamedTuple, NotRequired, TypedDict


class TaskDocument(TypedDict):
    """`key` is a task's name, or `fetch[3]` for an instance of a `for`; `instances` is how many one has."""

    key: str
    state: str
    attempt: int
    started_at: str | None
    finished_at: str | None
    result: Any
    error: dict[str, Any] | None
    instances: NotRequired[int]
    waits_for: NotRequired[str]
    cached_from: NotRequired[str]
    awaits: NotRequired[dict[str, Any]]


class RunDocument(TypedDict):
    run: str
    workflow: str
    state: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    params: dict[str, Any]
    result: Any
    error: dict[str, Any] | None
    parent: NotRequired[str]
    priority: NotRequired[int]
    labels: NotRequired[list[str]]
    tasks: NotRequired[list[TaskDocument]]
    next_tasks: NotRequired[int | None]


class Origin(NamedTuple):
    """Which workflow a run is of: of a `source` (then `file` is its name), of the `file` in a `folder` that was sent, by its digest, or
    a deployed one by its name alone."""

    source: str | None = None
    folder: str | None = None
    file: str | None = None
    workflow: str | None = None

    def fields(self) -> dict[str, str]:
        return {name: value for name, value in self._asdict().items() if value is not None}


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

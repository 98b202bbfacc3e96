"""The filter of a list, as people write it in a form, which its URL keeps."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flow_lang.values import parse_duration
from starlette.datastructures import QueryParams

from flow_server.shapes import Q, read_query

SINCE = "a time such as 2026-01-31 or 2026-01-31T12:00 (UTC unless it has a zone), or how long ago, such as 2h or 3d"


class Filter:
    """`texts` are what was written, by name, without those that are empty; `exact` the same with times that do not move."""

    def __init__(self, given: Mapping[str, Any], names: Iterable[str]) -> None:
        found = {name: str(given.get(name, "")).strip() for name in names}
        self.texts = {name: text for name, text in found.items() if text}
        self.exact = {**self.texts, **({"since": _exact(self.texts["since"])} if "since" in self.texts else {})}

    def query(self, model: type[Q], **more: str) -> Q:
        """Raises Problem."""
        return read_query(QueryParams({**self.exact, **more}), model)

    def url(self, path: str, **more: object) -> str:
        given = {**self.texts, **{name: str(value) for name, value in more.items() if value}}
        return f"{path}?{urlencode(given)}" if given else path

    def get(self, name: str) -> str:
        return self.texts.get(name, "")

    def __bool__(self) -> bool:
        return bool(self.texts)


def _exact(text: str) -> str:
    """With a zone, as the API takes it; what is neither a time nor a length of time stays, for the API's own answer."""
    try:
        return _shown(time.time() - parse_duration(text).total_seconds())
    except (ValueError, OverflowError, OSError):
        pass  # then it is a time
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

"""A notice in words."""

import json
from typing import Any
from urllib.parse import quote

from flow_engine.notices.contract import APPROVAL, TASK_FAILED, Notice
from flow_lang.named import NamedTuple

LONGEST = 2000
"""Characters of an error's message that are told."""


class Words(NamedTuple):
    """`subject`: of a mail; `text`: one line; `link`: the page of the run, where the address of the pages is known; `next`: commands."""

    subject: str
    text: str
    link: str
    next: tuple[str, ...]
    fields: dict[str, Any]


def words_of(notice: Notice, pages: str = "") -> Words:
    """`pages`: the address of the web pages, as in `https://flow.example.com`."""
    error = _error(notice)
    code, message = str(error.get("code", "")), str(error.get("message", ""))[:LONGEST]
    name = notice.workflow.rpartition(":")[2]
    where = f" in {notice.task}" if notice.task else ""
    why = f": {code}: {message}" if code else ""
    link = f"{pages.rstrip('/')}/runs/{quote(notice.run)}" if pages else ""
    fields = {
        "event": notice.event,
        "run": notice.run,
        "workflow": notice.workflow,
        "namespace": notice.namespace,
        "task": notice.task,
        "attempt": notice.attempt or None,
        "code": code,
        "message": message,
        "question": notice.text,
        "at": notice.created_at,
        "url": link,
    }
    told = {key: value for key, value in fields.items() if value not in ("", None)}
    if notice.event == APPROVAL:
        subject, text = (
            f"{name} waits for an approval: {notice.task}",
            f"{name} asks{where}: {notice.text} (run {notice.run})",
        )
        return Words(subject, text, link, (f"flow approve {notice.run} {notice.task}",), told)
    if notice.event == TASK_FAILED:
        subject, text = (
            f"{name}: {notice.task} failed {code}".rstrip(),
            f"{name}{where} failed for good{why} (run {notice.run})",
        )
        return Words(subject, text, link, (f"flow logs {notice.run} {notice.task}", "flow dlq list"), told)
    state = notice.event.partition(".")[2]
    what = f": {notice.task} {code}".rstrip() if notice.task else ""
    text = f"{name} {state}{where}{why} (run {notice.run})"
    return Words(f"{name} {state}{what}", text, link, (f"flow status {notice.run}", f"flow logs {notice.run}"), told)


def _error(notice: Notice) -> dict[str, Any]:
    found = json.loads(notice.error) if notice.error else {}
    return found if isinstance(found, dict) else {}

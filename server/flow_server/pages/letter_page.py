"""One dead letter: what failed and with what it was called; it is tried again with other values, or dropped."""

from typing import Any
from urllib.parse import quote

from flow_engine.dead_letters.contract import OPEN, Letter
from flow_engine.errors import UnknownRun
from flow_engine.model import AttemptRecord, RunRecord
from flow_engine.stores.contract import Store
from flow_runtime.executors.work import log_name
from flow_runtime.replays import refusal_of
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flow_server.api.letters import dropped, replayed
from flow_server.api.logs import read
from flow_server.pages.letters_page import HERE, error_of
from flow_server.pages.session_form import FIELDS, SOURCE_FORM, session_form
from flow_server.pages.show import show
from flow_server.pages.task_inputs import Input, changed, inputs_of, written_in
from flow_server.problem import Problem
from flow_server.services import services_of

TAIL = 8000
"""Bytes of the log that the page reads."""
LINES = 40


async def page(request: Request) -> Response:
    return await _shown(request, {}, "")


async def replay(request: Request) -> Response:
    """With the values that differ from those that the task had. A wrong one is told beside the form, which keeps what was written."""
    form = await session_form(request, SOURCE_FORM, FIELDS)
    name = request.path_params["letter"]
    written = written_in(form)

    def job(store: Store) -> tuple[str, str]:
        """The run, and why it does not go on."""
        letter = store.letters.letter(name)
        texts = changed(_inputs(store, letter, store.run(letter.run)), written)
        (told,) = replayed(store, [name], texts, dry_run=False)
        return told.run, told.refusal

    try:
        run, refusal = await services_of(request).stores.run(job)
    except Problem as problem:
        if problem.kind != "wrong-field":
            raise
        return await _shown(request, written, problem.detail.removeprefix("`set`: "), 422)
    if refusal:
        return await _shown(request, written, refusal, 409)
    return RedirectResponse(f"/runs/{quote(run)}", 303)


async def drop(request: Request) -> Response:
    await session_form(request)
    name = request.path_params["letter"]
    await services_of(request).stores.run(lambda store: dropped(store, name))
    return RedirectResponse(f"{HERE}/{quote(name)}", 303)


async def _shown(request: Request, written: dict[str, str], wrong: str, status: int = 200) -> Response:
    services, name = services_of(request), request.path_params["letter"]
    letter = await services.stores.run(lambda store: store.letters.letter(name))
    output = await services.heavy(lambda: _tail(services.logs.path(letter.run, log_name(letter.seq, letter.attempt))))

    def values(store: Store) -> dict[str, Any]:
        record = _run(store, letter)
        error = error_of(letter)
        return {
            "place": HERE,
            "letter": letter,
            "error": error,
            "output": output or error.get("log", ""),
            "record": record,
            "attempts": [] if record is None else _attempts(store, letter),
            "inputs": [] if record is None else _written(_inputs(store, letter, record), written),
            "refusal": _refusal(letter, record),
            "wrong": wrong,
        }

    return await show(request, "letter.html", values, status)


def _refusal(letter: Letter, record: RunRecord | None) -> str:
    """Why the task cannot be tried again now; empty where it can."""
    if record is None:
        return "its run is gone"
    return refusal_of(record) if letter.state == OPEN else ""


def _run(store: Store, letter: Letter) -> RunRecord | None:
    try:
        return store.run(letter.run)
    except UnknownRun:
        return None


def _attempts(store: Store, letter: Letter) -> list[AttemptRecord]:
    return store.attempts(letter.run, letter.seq)


def _inputs(store: Store, letter: Letter, record: RunRecord) -> list[Input]:
    return inputs_of(store, record, letter.task, letter.place)


def _written(inputs: list[Input], written: dict[str, str]) -> list[Input]:
    """With what somebody has written already."""
    return [one._replace(text=written.get(one.name, one.text)) for one in inputs]


def _tail(path: str) -> str:
    text = b"".join(read(path, TAIL)).decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-LINES:])

"""What the engine and a slot say to each other, as bytes.

To a slot: a plan, a run that items will name by its number, that it may forget them, an end to a body (all JSON), and items. Back: that
an item was done (`Done`), or whatever else became of it (JSON). What is sent for each task is packed; a JSON object begins with `{`.
"""

import json
import struct
from typing import Any

from flow_lang.named import NamedTuple

from flow_runtime.processes.channel import Garbled

_ITEM = struct.Struct("<cIIIiII")
_DONE = struct.Struct("<cIddH")
NO_PLACE = -1
FORGET = b'{"forget":true}'
MOST = 128 * 1024 * 1024
"""Bytes of an answer: well over what the largest result takes, and below what four letters are as a number."""


class Item(NamedTuple):
    """A work item: `number` counts those of one slot, `run` is the number of its run and `node` the task in the plan, `place` that of the
    instance or NO_PLACE. `values` is a JSON object of what the body reads, empty for none."""

    number: int
    run: int
    node: int
    place: int
    seq: int
    attempt: int
    values: bytes


class RunNote(NamedTuple):
    """What items of a run have in common; `number` names it in them."""

    number: int
    run: str
    plan: str
    workflow: str
    folder: str


class Done(NamedTuple):
    """The body of item `number` has ended well. `result` is JSON text; times are seconds since the epoch; `log` is empty where there is none."""

    number: int
    started: float
    finished: float
    log: str
    result: str


def item_frame(number: int, run: int, node: int, place: int | None, seq: int, attempt: int, values: bytes) -> bytes:
    return _ITEM.pack(b"I", number, run, node, NO_PLACE if place is None else place, seq, attempt) + values


def run_frame(note: RunNote) -> bytes:
    return _json({"begin": note})


def plan_frame(digest: str, bundle: str) -> bytes:
    """`bundle` is JSON text, and goes as it is."""
    return f'{{"plan":"{digest}","bundle":{bundle}}}'.encode("utf-8", "surrogateescape")


def kill_frame(number: int, why: str, grace: float) -> bytes:
    return _json({"kill": number, "why": why, "grace": grace})


def read_order(frame: bytes) -> Item | dict[str, Any]:
    """What a slot was told."""
    if frame[:1] == b"I":
        _, number, run, node, place, seq, attempt = _ITEM.unpack_from(frame)
        return Item(number, run, node, place, seq, attempt, frame[_ITEM.size :])
    message: dict[str, Any] = json.loads(frame)
    return message


def done_frame(number: int, started: float, finished: float, log: str, result: str) -> bytes:
    path = log.encode("utf-8", "surrogateescape")
    return _DONE.pack(b"D", number, started, finished, len(path)) + path + result.encode()


def read_answer(frame: bytes) -> Done | dict[str, Any]:
    """What a slot says; of a message `n` is the item's number. Raises Garbled."""
    try:
        return _read_done(frame) if frame[:1] == b"D" else _read_message(frame)
    except (ValueError, struct.error) as error:
        raise Garbled(str(error)) from error


def _read_message(frame: bytes) -> dict[str, Any]:
    message = json.loads(frame)
    if not (isinstance(message, dict) and isinstance(message.get("n"), int)):
        raise Garbled("a message that names no item")
    return message


def _read_done(frame: bytes) -> Done:
    _, number, started, finished, length = _DONE.unpack_from(frame)
    at = _DONE.size + length
    log = frame[_DONE.size : at].decode("utf-8", "surrogateescape") if length else ""
    return Done(number, started, finished, log, frame[at:].decode())


def _json(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode()

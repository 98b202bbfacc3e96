"""What a suspended task waits for, as its row keeps it."""

import json

from flow_engine.model import Awaits

KINDS = ("event", "approval", "timer", "child")


def read_awaits(text: str) -> Awaits:
    """Raises ValueError for what no Flow has written: the task would wait for something that never comes."""
    match json.loads(text):
        case [str(kind), str(name), str(said), None | int() | float() as due] if kind in KINDS:
            return Awaits(kind, name, said, due)
    raise ValueError(f"`awaits` is {text[:100]!r}, which names nothing that a task can wait for")

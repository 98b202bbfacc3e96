"""Times and counts as people read them."""

import time

from flow_engine.model import Awaits
from flow_runtime.durations import seconds as seconds


def counted(count: int, noun: str) -> str:
    """`1 task`, `2,003 tasks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def printable(text: str) -> str:
    """Without control characters, which could move a terminal's cursor or change its colours. Newlines and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def waits_for(run: str, key: str, awaits: Awaits) -> str:
    """What a task waits for, and how to answer it."""
    if awaits.kind == "approval":
        return f"{printable(awaits.text)}  (flow approve {run} {_word(key)})"
    if awaits.kind == "event":
        return f"waits for the event {printable(awaits.name)}  (flow signal {run} {_word(awaits.name)})"
    if awaits.kind == "child":
        return f"waits for run {awaits.name} of {awaits.text}"
    return f"waits until {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(float(awaits.name)))}"


def _word(text: str) -> str:
    """As one word of a shell's command line."""
    import shlex

    return shlex.quote(text)

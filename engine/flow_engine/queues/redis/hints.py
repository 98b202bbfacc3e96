"""Hints as Redis keeps them: the name `RUN:SEQ:ATTEMPT` and the record `RANK;DUE;ALARM;NAMESPACE`."""

from collections.abc import Iterable, Iterator

from flow_engine.model import Hint, TaskRef


def name_of(hint: Hint) -> str:
    return f"{hint.task.run}:{hint.task.seq}:{hint.attempt}"


def pushed(hints: Iterable[Hint]) -> Iterator[str]:
    """The arguments of push.lua for each, the last where one is there twice: numbers as texts, since Lua would round them."""
    for name, hint in {name_of(hint): hint for hint in hints}.items():
        yield from (name, repr(hint.rank), repr(hint.due), "1" if hint.alarm else "0")


def hint_from(name: bytes, record: bytes) -> Hint:
    run, seq, attempt = name.decode().rsplit(":", 2)
    rank, due, alarm, _ = record.decode().split(";", 3)
    return Hint(float(due), float(rank), TaskRef(run, int(seq)), alarm == "1", int(attempt))

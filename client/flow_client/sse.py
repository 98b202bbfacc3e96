"""Server-sent events, as the HTML standard defines them, without the field `retry`."""

import codecs
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST = 64 << 20
"""Characters of one event; what is longer is no event of a server."""


class Frame(NamedTuple):
    event: str
    data: str
    id: str


def frames(pieces: Iterable[bytes]) -> Iterator[Frame]:
    """The whole events in a stream of bytes; what was cut off at its end is none. Raises ValueError."""
    event, id_ = "message", ""
    data: list[str] = []
    for line in _lines(pieces):
        if not line:
            if data:
                yield Frame(event, "\n".join(data), id_)
            event, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            event = value
        elif name == "id":
            id_ = value


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + decode(piece)).replace("\r\n", "\n").split("\n")
        yield from whole
        if len(rest) > LONGEST:
            raise ValueError("an event of the stream does not end")

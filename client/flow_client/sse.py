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
    reader = FrameReader()
    for piece in pieces:
        yield from reader.feed(piece)


class FrameReader:
    """Of one stream, whose pieces come one after the other."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._event, self._id = "message", ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """The events that end in this piece. Raises ValueError."""
        *whole, self._rest = (self._rest + self._decode(piece)).replace("\r\n", "\n").split("\n")
        for line in whole:
            if line:
                self._take(line)
            else:
                yield from self._ended()
        if len(self._rest) > LONGEST:
            raise ValueError("an event of the stream does not end")

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id":
            self._id = value

    def _ended(self) -> Iterator[Frame]:
        event, data = self._event, self._data
        self._event, self._data = "message", []
        if data:
            yield Frame(event, "\n".join(data), self._id)

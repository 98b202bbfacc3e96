"""Masking: `***` where a secret's value would be shown, also in base64, percent-encoding and JSON, and across two reads.

Values shorter than four characters are not masked: they would turn every log into stars, and hide nothing that guessing does not find.
"""

import base64
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

from flow_runtime.executors.urls import path_text, private_parts, query_text

SHORTEST = 4
_LINE = 8
"""Characters that a part of a secret (a line of several, the path of a URL) must have to be masked alone."""
_STARS = b"***"


class Mask:
    """The texts to hide, longest first."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        self.needles = sorted(set(needles), key=lambda needle: (-len(needle), needle))
        self._pattern = re.compile(b"|".join(re.escape(needle) for needle in self.needles))
        self._first = re.compile(b"[" + b"".join(re.escape(needle[:1]) for needle in self.needles) + b"]")

    @staticmethod
    def of(secrets: Iterable[str]) -> "Mask | None":
        """None where no value is long enough to be masked."""
        return _mask_of(tuple(secrets))

    def apply(self, data: bytes) -> bytes:
        return self._pattern.sub(_STARS, data)

    def text(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return self.apply(data).decode("utf-8", "surrogatepass") if self._pattern.search(data) else text

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it masked, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list | tuple) else value

    def stream(self) -> "MaskedStream":
        return MaskedStream(self)

    def held(self, data: bytes) -> int:
        """Where the end of `data` starts that may be the beginning of a text to hide."""
        longest = len(self.needles[0]) - 1
        for found in self._first.finditer(data, max(len(data) - longest, 0)):
            at, rest = found.start(), data[found.start() :]
            if any(len(needle) > len(rest) and needle.startswith(rest) for needle in self.needles):
                return at
        return len(data)

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """(masked and ready to be shown, what must wait for more)"""
        at = self.held(data)
        for found in self._pattern.finditer(data):
            if found.start() < at < found.end():
                at = found.end()
        return self.apply(data[:at]), data[at:]


@lru_cache(maxsize=16)
def _mask_of(secrets: tuple[str, ...]) -> Mask | None:
    """The bodies of one workflow follow each other in a slot, with the same secrets."""
    needles = [needle for secret in secrets if len(secret) >= SHORTEST for needle in _forms(secret)]
    return Mask(needles) if needles else None


class MaskedStream:
    """Bytes in pieces, however they are cut. `feed` gives what can be shown, `close` the rest."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._rest = b""

    @property
    def longest(self) -> int:
        """Bytes of the longest text to hide."""
        return len(self._mask.needles[0])

    def feed(self, data: bytes) -> bytes:
        shown, self._rest = self._mask.split(self._rest + data)
        return shown

    def close(self) -> bytes:
        shown, self._rest = self._mask.apply(self._rest), b""
        return shown


def _forms(secret: str) -> set[bytes]:
    """A value as programs print it."""
    value = secret.encode("utf-8", "surrogateescape")
    lines = [line.strip() for line in value.splitlines()]
    forms = {value, *(line for line in lines if len(line) >= _LINE)}
    forms |= {quote(value, safe=safe).encode() for safe in ("", "/")}
    forms |= {path_text(secret).encode(), query_text(secret).encode()}
    forms |= {quote_plus(value, safe=safe).encode() for safe in ("", "/")}
    forms |= {part.encode("utf-8", "surrogateescape") for part in private_parts(secret) if len(part) >= _LINE}
    forms |= {
        json.dumps(secret, ensure_ascii=ascii_)[1:-1].encode("utf-8", "surrogatepass") for ascii_ in (False, True)
    }
    for ahead in range(3):
        forms |= _base64(value, ahead)
    return {form for form in forms if len(form) >= SHORTEST}


def _base64(value: bytes, ahead: int) -> set[bytes]:
    """The value in base64 where `ahead` bytes of a group of three stand before it, as in `user:password`: the characters that depend on
    the value alone."""
    text = base64.b64encode(b"\0" * ahead + value).rstrip(b"=")
    start = (0, 2, 3)[ahead]
    stop = len(text) if (ahead + len(value)) % 3 == 0 else len(text) - 1
    inner = text[start:stop]
    return {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))} if len(inner) >= SHORTEST else set()

"""Names that sort by time: 26 characters of Crockford's base 32, 48 bits of milliseconds and 80 random bits (as in the ULID spec)."""

from _blake2 import blake2b  # what hashlib gives as blake2b, without the OpenSSL that it loads
from collections.abc import Callable

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
SHARDS = 256


def new_id(now: float, random_bytes: Callable[[int], bytes]) -> str:
    """An id for `now` (seconds since the epoch); `random_bytes` is `os.urandom` outside tests."""
    number = (int(now * 1000) << 80) | int.from_bytes(random_bytes(10), "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def first_id(moment: float) -> str:
    """No id that was made then or later sorts before it; 0 and the end of time where there is no id of that moment."""
    return new_id(min(max(moment, 0.0), (2**48 - 1) / 1000), bytes)


def later_id(newest: str | None, now: float, random_bytes: Callable[[int], bytes]) -> str:
    """The same, but after `newest`, the last id so far: ids keep their order when the clock is set back."""
    made = new_id(now, random_bytes)
    if newest is None or made > newest or not _is_id(newest):
        return made
    return new_id((_milliseconds(newest) + 1.5) / 1000, random_bytes)


def begun_at(id_: str) -> float | None:
    """When an id was made, in seconds since the epoch; None for what is no such id."""
    return _milliseconds(id_) / 1000 if _is_id(id_) else None


def _milliseconds(id_: str) -> int:
    found = 0
    for letter in id_[:10]:
        found = found << 5 | _ALPHABET.index(letter)
    return found


def _is_id(text: str) -> bool:
    return len(text) == 26 and all(letter in _ALPHABET for letter in text)


def shard_of(root_run: str) -> int:
    """The logical shard of a run and all its children."""
    return blake2b(root_run.encode(), digest_size=1).digest()[0]

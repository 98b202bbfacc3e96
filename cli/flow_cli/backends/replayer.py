"""Replaying dead letters: what the command asks of the place where they are kept."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from flow_engine.dead_letters.contract import LetterFilter
from flow_lang.named import NamedTuple

from flow_cli import exits
from flow_cli.backends.runner import Watched
from flow_cli.failure import CommandError


class Begun(NamedTuple):
    """A run that goes on: so many of its tasks are tried again."""

    run: Watched
    tasks: int


class Ended(NamedTuple):
    """A run of which letters were replayed: the state in which it has ended, or why none of them was."""

    run: str
    letters: list[str]
    state: str
    refusal: str = ""


class Replayer(Protocol):
    """`texts` are values by name, as people write them."""

    def one(self, letter: str, texts: Mapping[str, str]) -> AbstractContextManager[Begun]:
        """The run of the letter, which goes on. Raises UnknownLetter, Refused and CommandError."""
        ...

    def all(self, wanted: LetterFilter, texts: Mapping[str, str]) -> Iterator[Ended]:
        """Each run once it has ended again. Raises Refused and CommandError."""
        ...


def need_replayed(refusal: str) -> None:
    """Raises CommandError where the one letter was refused."""
    if refusal:
        raise CommandError(exits.USAGE, "not_replayable", refusal)

"""The dead letters of one namespace, for people; relays have the store's own."""

from collections.abc import Callable

from flow_engine.dead_letters.contract import Letter, LetterFilter, Letters
from flow_engine.errors import UnknownLetter, UnknownRun
from flow_engine.model import RunRecord


class NamespaceLetters:
    """`run_of` gives a run of the namespace, and raises UnknownRun."""

    def __init__(self, letters: Letters, namespace: str, run_of: Callable[[str], RunRecord]) -> None:
        self._letters, self._namespace, self._run_of = letters, namespace, run_of

    def page(self, filter_: LetterFilter) -> list[Letter]:
        return self._letters.page(filter_._replace(namespace=self._namespace))

    def letter(self, id_: str) -> Letter:
        try:
            found = self._letters.letter(id_)
        except UnknownLetter:
            raise self._unknown(id_) from None
        if found.namespace != self._namespace:
            raise self._unknown(id_)
        return found

    def drop(self, id_: str, now: float) -> bool:
        self.letter(id_)
        return self._letters.drop(id_, now)

    def _unknown(self, id_: str) -> UnknownLetter:
        """Whether the run of it is there is told by this namespace's runs alone."""
        try:
            self._run_of(id_.partition(":")[0])
        except UnknownRun:
            return UnknownLetter(id_, run_is_gone=True)
        return UnknownLetter(id_, run_is_gone=False)

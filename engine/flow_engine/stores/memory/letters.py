"""The dead letters of a store in memory."""

from collections.abc import Collection, Sequence

from flow_engine.dead_letters.contract import OPEN, Backlog, Letter, LetterFilter
from flow_engine.errors import UnknownLetter
from flow_engine.stores.letters import Answered, parts_of


class _Kept:
    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.held_by: str | None = None
        self.held_until = 0.0


class MemoryLetters:
    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._next = 1

    def add(self, letter: Letter) -> None:
        """`letter.number` is given here."""
        self._kept[self._next] = _Kept(letter._replace(number=self._next))
        self._next += 1

    def replayed(self, run: str, rows: Collection[int], now: float) -> None:
        """These rows of the run are tried again."""
        for kept in self._kept.values():
            if kept.letter.run == run and kept.letter.seq in rows and kept.letter.state == OPEN:
                kept.letter = kept.letter._replace(replayed_at=now)

    def answered(self, run: str) -> Answered:
        letters = [kept.letter for kept in self._kept.values() if kept.letter.run == run]
        return {(letter.seq, letter.attempt): (letter.replayed_at, letter.dropped_at) for letter in letters}

    def first_open(self, run: str) -> Letter | None:
        """Of those that were not replayed."""
        letters = (kept.letter for kept in self._kept.values())
        return next((letter for letter in letters if letter.run == run and letter.replayed_at is None), None)

    def page(self, filter_: LetterFilter) -> list[Letter]:
        letters = [kept.letter for kept in reversed(self._kept.values()) if _passes(kept.letter, filter_)]
        return letters[: filter_.limit]

    def letter(self, id_: str) -> Letter:
        return self._find(id_).letter

    def drop(self, id_: str, now: float) -> bool:
        kept = self._find(id_)
        if kept.letter.state != OPEN:
            return False
        kept.letter = kept.letter._replace(dropped_at=now)
        return True

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Letter]:
        free = [kept for kept in self._waiting() if kept.held_until <= now][:limit]
        for kept in free:
            kept.held_by, kept.held_until = relay, until
            kept.letter = kept.letter._replace(tries=kept.letter.tries + 1)
        return [kept.letter for kept in free]

    def exported(self, relay: str, numbers: Sequence[int], now: float) -> int:
        held = [kept for number in numbers if (kept := self._held(relay, number)) is not None]
        for kept in held:
            kept.held_by, kept.letter = None, kept.letter._replace(exported_at=now)
        return len(held)

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        kept = self._held(relay, number)
        if kept is None:
            return False
        kept.held_by, kept.held_until = None, until
        return True

    def open(self) -> int:
        """How many nobody has answered."""
        return sum(kept.letter.state == OPEN for kept in self._kept.values())

    def backlog(self) -> Backlog:
        times = [kept.letter.created_at for kept in self._waiting()]
        return Backlog(len(times), min(times, default=None))

    def _waiting(self) -> list[_Kept]:
        return [kept for kept in self._kept.values() if kept.letter.exported_at is None]

    def _held(self, relay: str, number: int) -> _Kept | None:
        kept = self._kept.get(number)
        return kept if kept is not None and kept.held_by == relay and kept.letter.exported_at is None else None

    def _find(self, id_: str) -> _Kept:
        run, seq, attempt = parts_of(id_)
        for kept in self._kept.values():
            if (kept.letter.run, kept.letter.seq, kept.letter.attempt) == (run, seq, attempt):
                return kept
        raise UnknownLetter(id_, run_is_gone=False)


def _passes(letter: Letter, filter_: LetterFilter) -> bool:
    if filter_.workflow not in (None, letter.workflow, letter.workflow.rpartition(":")[2]):
        return False
    late = filter_.since is None or letter.created_at >= filter_.since
    older = filter_.before is None or letter.number < filter_.before
    return letter.namespace == filter_.namespace and filter_.state in (None, letter.state) and late and older

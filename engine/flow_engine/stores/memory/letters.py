"""The dead letters of a store in memory as an outbox."""

from collections.abc import Sequence

from flow_engine.dead_letters.contract import Backlog, Letter


class _Kept:
    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.held_by: str | None = None
        self.held_until = 0.0
        self.tries = 0


class MemoryLetters:
    def __init__(self) -> None:
        self._waiting: dict[int, _Kept] = {}
        self._next = 1

    def add(self, letter: Letter) -> None:
        """`letter.number` is given here."""
        self._waiting[self._next] = _Kept(letter._replace(number=self._next))
        self._next += 1

    def replayed(self, run: str, now: float) -> None:
        """The run is tried again."""
        for kept in self._waiting.values():
            if kept.letter.run == run and kept.letter.replayed_at is None:
                kept.letter = kept.letter._replace(replayed_at=now)

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Letter]:
        free = [kept for kept in self._waiting.values() if kept.held_until <= now][:limit]
        for kept in free:
            kept.held_by, kept.held_until = relay, until
            kept.tries += 1
        return [kept.letter._replace(tries=kept.tries) for kept in free]

    def exported(self, relay: str, numbers: Sequence[int], now: float) -> int:
        held = [number for number in numbers if self._held(relay, number)]
        for number in held:
            del self._waiting[number]
        return len(held)

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        kept = self._held(relay, number)
        if kept is None:
            return False
        kept.held_by, kept.held_until = None, until
        return True

    def backlog(self) -> Backlog:
        times = [kept.letter.created_at for kept in self._waiting.values()]
        return Backlog(len(times), min(times, default=None))

    def _held(self, relay: str, number: int) -> _Kept | None:
        kept = self._waiting.get(number)
        return kept if kept is not None and kept.held_by == relay else None

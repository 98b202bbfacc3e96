"""The last results, for the tasks that come next: most are read once, at once, by what was waiting for them."""

RECENT_CHARACTERS = 16 * 1024 * 1024
"""All that is kept in memory together; older results are read from the file."""


class RecentResults:
    def __init__(self, limit: int = RECENT_CHARACTERS) -> None:
        self._limit = limit
        self._size = 0
        self._runs: dict[str, dict[int, str | None]] = {}

    def keep(self, run: str, row: int, result: str | None) -> None:
        kept = self._runs.setdefault(run, {})
        if row in kept:
            self._size -= _size(kept.pop(row))
        kept[row] = result
        self._size += _size(result)
        while self._size > self._limit:
            self._drop_oldest()

    def __contains__(self, key: tuple[str, int]) -> bool:
        run, row = key
        return row in self._runs.get(run, ())

    def __getitem__(self, key: tuple[str, int]) -> str | None:
        run, row = key
        return self._runs[run][row]

    def forget(self, run: str) -> None:
        self._size -= sum(map(_size, self._runs.pop(run, {}).values()))

    def _drop_oldest(self) -> None:
        """Of the run that has been here for the longest."""
        run, kept = next(iter(self._runs.items()))
        self._size -= _size(kept.pop(next(iter(kept))))
        if not kept:
            del self._runs[run]


def _size(result: str | None) -> int:
    return 200 + len(result or "")  # about what an entry itself takes

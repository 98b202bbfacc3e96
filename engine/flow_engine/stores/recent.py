"""The last results, for the tasks that come next: most are read once, at once, by what was waiting for them."""

RECENT_CHARACTERS = 16 * 1024 * 1024
"""All that is kept in memory together; older results are read from the file."""


class RecentResults:
    def __init__(self, limit: int = RECENT_CHARACTERS) -> None:
        self._limit = limit
        self._size = 0
        self._results: dict[tuple[str, int], str | None] = {}

    def keep(self, run: str, row: int, result: str | None) -> None:
        self._drop((run, row))
        self._results[(run, row)] = result
        self._size += _size(result)
        while self._size > self._limit:
            self._drop(next(iter(self._results)))

    def __contains__(self, key: tuple[str, int]) -> bool:
        return key in self._results

    def __getitem__(self, key: tuple[str, int]) -> str | None:
        return self._results[key]

    def forget(self, run: str) -> None:
        for key in [key for key in self._results if key[0] == run]:
            self._drop(key)

    def _drop(self, key: tuple[str, int]) -> None:
        if key in self._results:
            self._size -= _size(self._results.pop(key))


def _size(result: str | None) -> int:
    return 200 + len(result or "")  # about what an entry itself takes

"""When suspended tasks are to be looked at. That needs no slot, so it waits for none."""

from collections.abc import Iterable
from heapq import heappop, heappush

from flow_engine.model import Hint, TaskRef


class Alarms:
    def __init__(self) -> None:
        self._heap: list[tuple[float, TaskRef]] = []

    def take(self, hints: Iterable[Hint]) -> list[Hint]:
        """Keeps those that are alarms, and gives the others."""
        others = []
        for hint in hints:
            if hint.alarm:
                heappush(self._heap, (hint.due, hint.task))
            else:
                others.append(hint)
        return others

    def ring(self, now: float) -> list[TaskRef]:
        """The tasks whose time has come, in seconds since the epoch."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            found.append(heappop(self._heap)[1])
        return found

    def next(self) -> list[float]:
        """When the next one is due, if there is one."""
        return [due for due, _ in self._heap[:1]]

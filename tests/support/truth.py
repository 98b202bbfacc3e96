"""The store as a shared queue sees it: which tasks are ready, and who claimed one. It decides, as SQL does."""

import threading
import time

from flow_engine.model import Hint, TaskRef


class Truth:
    """Tasks of one run, each claimed once. `twice` are claims that came for what was claimed before: hints may, claims may not."""

    def __init__(self, tasks: int, run: str = "run", namespace: str = "default", due: float | None = None) -> None:
        self.namespace = namespace
        at = time.time() if due is None else due
        self.ready = {TaskRef(run, seq): Hint(at, at, TaskRef(run, seq)) for seq in range(tasks)}
        self.claimed: dict[TaskRef, str] = {}
        self.asked = 0
        self._lock = threading.Lock()

    def queue_epoch(self) -> str:
        return "epoch-of-the-store"

    def ready_hints(
        self, limit: int, after: TaskRef | None = None, before: float | None = None
    ) -> list[tuple[str, Hint]]:
        with self._lock:
            self.asked += 1
            most = time.time() if before is None else before
            hints = [hint for hint in self.ready.values() if hint.due <= most]
        if after is None:
            hints.sort(key=lambda hint: (hint.rank, hint.task))
        else:
            hints = sorted((hint for hint in hints if hint.task > after), key=lambda hint: hint.task)
        return [(self.namespace, hint) for hint in hints[:limit]]

    def claim(self, hint: Hint, worker: str) -> bool:
        """False where it is not ready: another worker has it."""
        with self._lock:
            if self.ready.pop(hint.task, None) is None:
                return False
            self.claimed[hint.task] = worker
            return True

    def hints(self) -> list[Hint]:
        with self._lock:
            return list(self.ready.values())

"""What a worker has to say in its next tick."""

from collections import Counter
from collections.abc import Sequence

from flow_engine.decisions.books import Report
from flow_engine.model import Ask, Completion, Room, Started, TaskRef
from flow_engine.stores.mail import Mail


class News:
    """`cancels` are runs whose cancellation it has seen, `timeouts` those whose time is over, `wakes` suspended tasks for which something may
    have come. `labels` are those of the worker, where they count."""

    def __init__(self, labels: frozenset[str] | None = None) -> None:
        self._labels = labels
        self.done: list[Completion] = []
        self.cancels: list[str] = []
        self.timeouts: list[str] = []
        self.wakes: list[TaskRef] = []

    def __bool__(self) -> bool:
        return bool(self.done or self.cancels or self.timeouts or self.wakes)

    @property
    def must_be_kept(self) -> bool:
        """Some of it nobody else knows: what wakes a task is in the state."""
        return bool(self.done or self.cancels or self.timeouts)

    def told(self, worker: str, mail: Mail, started: Sequence[Started], asks: Sequence[Ask] | None) -> Report:
        """All of it, with what has come by mail: those answers are first. What `worker` had left itself as a borrower is settled. `asks`: what is
        lent because of the mail; None for a worker that lends nothing any more."""
        own = [one for one in mail.answers if one.worker == worker]
        settled = [(one.task.run, one.task.seq, one.attempt, one.worker) for one in own]
        done = [*mail.answers, *self.done]
        report = Report(
            done,
            [*started, *mail.started],
            self.cancels,
            self.timeouts,
            self.wakes,
            asks or (),
            mail.rooms,
            settled,
            self._labels,
            () if asks is None or self._labels is None else spare_of(worker, mail.rooms, asks),
        )
        self.done, self.cancels, self.timeouts, self.wakes = [], [], [], []
        return report

    def untold(self, report: Report) -> None:
        """The report was not kept."""
        self.done = [*report.completions, *self.done]
        self.cancels, self.timeouts = [*report.cancels], [*report.timeouts]


def spare_of(worker: str, rooms: Sequence[Room], asks: Sequence[Ask]) -> list[Room]:
    """What of these rooms is left for what this worker may lend; it may have left one itself, as a borrower."""
    asked = Counter(ask.worker for ask in asks)
    left = []
    for room in rooms:
        taken = min(asked[room.worker], room.tasks)
        asked[room.worker] -= taken
        if room.worker != worker and room.tasks > taken:
            left.append(room._replace(tasks=room.tasks - taken))
    return left

"""A shared queue under test beside the model of it, which is asked the same: whatever they answer, they answer alike."""

import random
from collections.abc import Callable, Iterable, Sequence

from flow_engine.errors import QueueDown
from flow_engine.model import Hint
from flow_engine.queues.contract import Depth, Lease, SharedQueue
from flow_engine.queues.shared_memory import SharedMemoryQueue

from simulation.checker import Violation

CHANCE = 0.03
"""That the queue does not answer, having done nothing; the same again that it has done all."""


class QueueFaults:
    """Decides what fails. `count` hears of it."""

    def __init__(self, draw: random.Random, count: Callable[[str], object]) -> None:
        self._draw, self._count = draw, count
        self.calm = False
        self.fence = 0
        """The last one that was given to anybody."""

    def before(self, what: str) -> None:
        if not self.calm and self._draw.random() < CHANCE:
            self._count("queue down")
            raise QueueDown(f"it does not hear of {what}")

    def after(self, what: str) -> None:
        if not self.calm and self._draw.random() < CHANCE:
            self._count("queue answers lost")
            raise QueueDown(f"its answer to {what} is lost")

    def again(self) -> bool:
        """Whether the client sends a request once more, as it does where the answer stays out."""
        found = not self.calm and self._draw.random() < CHANCE
        if found:
            self._count("requests sent twice")
        return found


class TwinQueue:
    """One worker's view: of the contract of shared queues what workers use. `model` is a view of the model."""

    def __init__(self, real: SharedQueue, model: SharedMemoryQueue, faults: QueueFaults) -> None:
        self._real, self._model, self._faults = real, model, faults
        self._alike: dict[tuple[Hint, int], Lease] = {}
        """The model's lease by the hint and the fence of the real one."""

    def push(self, hints: Iterable[Hint], namespace: str = "default", missing: bool = False) -> None:
        some = list(hints)
        self._faults.before("push")
        self._real.push(some, namespace, missing)
        self._model.push(some, namespace, missing)
        self._faults.after("push")

    def take(self, limit: int) -> list[Lease]:
        self._faults.before("take")
        leases, modelled = self._real.take(limit), self._model.take(limit)
        self._same("take", [lease.hint for lease in leases], [lease.hint for lease in modelled])
        for lease, other in zip(leases, modelled, strict=True):
            if lease.fence <= self._faults.fence:
                raise Violation(f"the fence of {lease} has been given before")
            if abs(lease.until - other.until) > 1e-5:
                raise Violation(f"the lease {lease} should end at {other.until}")
            self._alike[(lease.hint, lease.fence)] = other
        self._faults.fence = max([self._faults.fence, *(lease.fence for lease in leases)])
        self._faults.after("take")
        return leases

    def renew(self, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
        self._faults.before("renew")
        kept, lost = self._real.renew(leases)
        modelled = self._model.renew([self._other(lease) for lease in leases])
        self._same("renew", ([lease.hint for lease in lost]), [lease.hint for lease in modelled[1]])
        for lease, other in zip(kept, modelled[0], strict=True):
            self._alike[(lease.hint, lease.fence)] = other
        self._faults.after("renew")
        return kept, lost

    def done(self, leases: Iterable[Lease]) -> list[Lease]:
        return self._end("done", list(leases), self._real.done, self._model.done)

    def release(self, leases: Iterable[Lease]) -> list[Lease]:
        return self._end("release", list(leases), self._real.release, self._model.release)

    def depth(self) -> Depth:
        depth = self._real.depth()
        self._same("depth", depth, self._model.depth())
        return depth

    def epoch(self) -> str:
        self._faults.before("epoch")
        epoch = self._real.epoch()
        self._same("epoch", epoch, self._model.epoch())
        self._faults.after("epoch")
        return epoch

    def begin(self, epoch: str) -> None:
        self._faults.before("begin")
        self._real.begin(epoch)
        self._model.begin(epoch)
        self._faults.after("begin")

    def clear(self) -> None:
        self._faults.before("clear")
        self._real.clear()
        self._model.clear()
        self._faults.after("clear")

    def _end(
        self,
        what: str,
        leases: list[Lease],
        end: Callable[[Iterable[Lease]], list[Lease]],
        model_end: Callable[[Iterable[Lease]], list[Lease]],
    ) -> list[Lease]:
        self._faults.before(what)
        refused = end(leases)
        modelled = model_end([self._other(lease) for lease in leases])
        self._same(what, [lease.hint for lease in refused], [lease.hint for lease in modelled])
        self._faults.after(what)
        return refused

    def _other(self, lease: Lease) -> Lease:
        return self._alike[(lease.hint, lease.fence)]

    def _same(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            raise Violation(f"{what} of the queue: {found}, and of its model: {wanted}")

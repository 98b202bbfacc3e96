"""What a store promises beside the rest (contract.py) that workers on many hosts share."""

from collections.abc import Callable, Collection
from typing import Protocol

from flow_engine.model import Hint
from flow_engine.queues.contract import Source
from flow_engine.stores.contract import Store
from flow_engine.stores.removal import Removal

PATIENCE = 60.0
"""Seconds that an operation waits for a server that is gone."""
LEASE = 15.0
"""Seconds after its last heartbeat for which a worker counts as alive. It beats at least three times as often."""


class Lives(Protocol):
    """Which workers live, by the clock of the server. A worker is named by a random incarnation."""

    def beat(self, worker: str, labels: Collection[str] = ()) -> None:
        """The first heartbeat begins the lease. One that comes late makes the worker alive again: what it owned meanwhile is fenced. Others see
        its labels."""
        ...

    def end(self, worker: str) -> None:
        """Others may take over what it owns at once."""
        ...


class SharedStore(Store, Protocol):
    announce: Callable[[str, list[Hint]], object]
    """Hears of runs that wait for a worker, once they are kept: the namespace, and their hints."""

    @property
    def leases(self) -> Lives: ...

    @property
    def source(self) -> Source:
        """For the queue of these workers."""
        ...

    @property
    def removal(self) -> Removal: ...

    def owned(self, worker: str) -> set[str]:
        """The runs that this worker owns."""
        ...

    def wanted(self, labels: Collection[str], limit: int) -> list[str]:
        """Runs that somebody owns with tasks that are ready, need labels, and may be taken by a worker with these. Most urgent first, then
        oldest."""
        ...

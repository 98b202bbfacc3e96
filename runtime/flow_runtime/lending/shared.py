"""What a worker has that shares its state with others: heartbeat, exchange, and both sides of lending."""

from collections.abc import Callable
from contextlib import ExitStack

from flow_engine.errors import LostOwnership
from flow_engine.queues.contract import Source
from flow_engine.queues.reconcile import Reconciler
from flow_engine.queues.steady import SteadyQueue

from flow_runtime.dispatch import Dispatcher
from flow_runtime.heart import Heart
from flow_runtime.lending.borrower import Borrower
from flow_runtime.lending.exchange import Exchange, QueueExchange, StoreExchange
from flow_runtime.lending.feed import SharedFeed
from flow_runtime.lending.lender import Lender
from flow_runtime.lending.listener import Listener
from flow_runtime.processes.pool import SlotPool
from flow_runtime.role_log import say
from flow_runtime.shared_state import need_safe, open_queue, open_shared
from flow_runtime.state_folder import StateFolder
from flow_runtime.worker import Worker


class Shared:
    """From its making on the worker lives for the others. Raises StoreError."""

    def __init__(self, state: StateFolder, worker: str, draw: Callable[[], float]) -> None:
        self.store = store = open_shared(state, draw)
        self._id = worker
        with ExitStack() as undo:
            undo.callback(store.close)
            self.heart = Heart(state.database_url, worker, state.lease, state.labels)
            undo.callback(self.heart.close)
            self.exchange, self._descriptor = _exchange(state, store.source, worker)
            undo.pop_all()
        self.lender = Lender(store, self.exchange, worker)
        self.feed = SharedFeed(store, self.exchange, state.labels)
        self._labels = state.labels
        self.borrower: Borrower | None = None
        self._worker: Worker | None = None

    def borrow(self, pool: SlotPool, dispatcher: Dispatcher, worker: Worker, scratch: str) -> None:
        """Once the worker is there."""
        self._worker = worker
        self.borrower = Borrower(self.store, self.exchange, pool, dispatcher, worker, scratch, labels=self._labels)
        worker.before_adopting = self.borrower.settle
        worker.reserved = lambda: int(self.feed.holds)
        pool.shares = True
        if self._descriptor is not None:
            pool.watch(self._descriptor)

    def step(self, work: bool) -> None:
        """Once in each turn of the worker; with `work` it has room for more."""
        self.exchange.step()
        heard = self.exchange.rung()
        if "work" in heard:
            self.feed.told = True
        if "knock" in heard:
            self.lender.knocked = True
            if self.borrower is not None:
                self.borrower.knocked = True
        if not self.feed.rests:  # else the same work would wake it at once
            self.exchange.listen(work)
        if self.heart.paused() and self._worker is not None:
            self._refuse_lost(self._worker)
        if self.borrower is not None and self.borrower.step(work):
            self.feed.got()

    def _refuse_lost(self, worker: Worker) -> None:
        """Raises LostOwnership where others have taken over runs of this worker: nothing of it is to go on."""
        lost = sorted(set(worker.live) - self.store.owned(self._id))
        if lost:
            raise LostOwnership(f"run {lost[0]} was taken over by another worker, while this one was paused")

    def close(self) -> None:
        self.exchange.close()
        self.heart.close()


def _exchange(state: StateFolder, source: Source, worker: str) -> tuple[Exchange, int | None]:
    """With the descriptor that can be read when it rings."""
    if not state.queue_url:
        return StoreExchange(source), None
    queue = open_queue(state.queue_url)
    need_safe(queue)
    steady = SteadyQueue(queue, source, Reconciler(queue, source), tell=_say)
    listener = Listener(open_queue(state.queue_url), worker)
    return QueueExchange(steady, listener), listener.descriptor


def _say(text: str) -> None:
    say("worker", text, "warning")

"""A worker with its store, queue and slots in one process: what `flow run` is, and what a server starts beside itself."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from flow_engine.chance import draw
from flow_engine.crash_points import reached
from flow_engine.queues.memory import MemoryQueue
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan

from flow_runtime.dispatch import Dispatcher
from flow_runtime.executors.contract import DECIDED, load
from flow_runtime.executors.work import Place
from flow_runtime.incarnation import Incarnation, cursor_path
from flow_runtime.leftovers import remove_own, sweep
from flow_runtime.loans import NOT_LENDING
from flow_runtime.observers import Observer
from flow_runtime.processes.cursor import Cursor
from flow_runtime.processes.guardian import Guardian
from flow_runtime.processes.orphans import end_orphans
from flow_runtime.processes.pool import SlotPool
from flow_runtime.processes.slot import Slot
from flow_runtime.state_folder import StateFolder, kept_from_bodies, usable
from flow_runtime.state_store import open_store
from flow_runtime.steady_clock import SteadyClock
from flow_runtime.worker import Worker

if TYPE_CHECKING:
    import _socket

    from flow_runtime.host import Host
    from flow_runtime.lending.borrower import Borrower
    from flow_runtime.lending.shared import Shared

__all__ = ["Embedded", "open_store"]

MANY = 1 << 30
NO_PLANS: Mapping[str, Plan] = {}


def _slot(
    number: int,
    sock: "_socket.socket",
    cursor: Cursor,
    place: Place,
    plans: Mapping[str, Plan],
    hidden: tuple[str, ...],
) -> Slot:
    """In its process, whose bodies have no business with the passwords of this one (`hidden`)."""
    for name in hidden:
        os.environ.pop(name, None)
    return Slot(number, sock, cursor, place, plans)


def _wanted(plans: Mapping[str, Plan]) -> int:
    """How many slots will be needed at once at least: what is known before anything runs."""
    tasks = [task for plan in plans.values() for task in plan.workflow.tasks if task.body.kind not in DECIDED]
    return MANY if any(task.loop for task in tasks) else len(tasks)


class Embedded:
    """Starts everything on entry: the guardian is forked first, before the database is open or any thread runs. Tests of flow files
    give a clock, a dispatcher and a source of random numbers of their own. `plans` are those that the slots are born with, by hash;
    `storage` is where other hosts read files and logs ("" for nowhere), that of FLOW_STORAGE unless it is given."""

    def __init__(
        self,
        state: StateFolder,
        slots: int | None = None,
        observers: Iterable[Observer] = (),
        clock: Callable[[], float] | None = None,
        make_dispatcher: Callable[[Store, str], Dispatcher] = Dispatcher,
        draw: Callable[[], float] = draw,
        plans: Mapping[str, Plan] = NO_PLANS,
        storage: str | None = None,
    ) -> None:
        self.state = state
        self._steady = SteadyClock()
        count = self._slots = slots or os.cpu_count() or 2
        with usable(state):
            state.make()
            self.incarnation = Incarnation(state)
            self._cursor_path = cursor_path(state, self.incarnation.id)
            try:
                cursor = Cursor(self._cursor_path, count)
            except OSError:
                self.incarnation.end(self._cursor_path)
                raise
        self._address = os.environ.get("FLOW_STORAGE", "").strip() if storage is None else storage
        self.host: Host | None = None
        """None where everything is where the rows say."""
        place = Place(state.files, state.scratch, state.logs, state.commands, self.incarnation.id, self._address)
        hidden = kept_from_bodies()
        self._guardian = Guardian.start(
            cursor,
            self.incarnation.id,
            lambda number, sock: _slot(number, sock, cursor, place, plans, hidden).serve(),
            lambda: load({task.body.kind for plan in plans.values() for task in plan.workflow.tasks} - {*DECIDED}),
        )
        self.pool = SlotPool(
            self._guardian, cursor, count, lambda digest: self.store.bundle(digest), time.monotonic, frozenset(plans)
        )
        self.pool.fork(_wanted(plans))
        self.shared: Shared | None = None
        try:
            if state.database_url:
                self.shared = self._join(draw)
            self.store = open_store(state, self.incarnation.id, draw) if self.shared is None else self.shared.store
            if self._address:
                self._share()
        except BaseException:
            if self.shared is not None:
                self.shared.close()
            self._guardian.stop()
            self.incarnation.end(self._cursor_path)
            raise
        scratch = os.path.join(state.scratch, f"engine-{self.incarnation.id}")
        dispatcher = make_dispatcher(self.store, self.incarnation.id)
        dispatcher.host = self.host
        self.worker = Worker(
            self.store,
            MemoryQueue(None if self.shared is None else state.labels),
            self.pool,
            dispatcher,
            scratch,
            observers,
            self._was_started,
            clock or self._steady,
            clock or time.time,
            NOT_LENDING if self.shared is None else self.shared.lender,
        )
        if self.shared is not None:
            self.shared.borrow(self.pool, dispatcher, self.worker, scratch)
        self._cursors: dict[str, Cursor] = {}

    def _share(self) -> None:
        """What is kept here can be read on other hosts, and what they keep here. Raises Refused, StorageError."""
        from flow_runtime.host import Host
        from flow_runtime.log_shipper import LogShipper
        from flow_runtime.storage.setting import storage_at

        storage = storage_at(self._address)
        self.pool.logs = LogShipper(self.state.logs, storage)
        self.host = Host(self.state, storage)

    def prepare(self, folder: str) -> None:
        """What a run with this folder in its row needs on this host is there afterwards. Raises StorageError."""
        if self.host is not None:
            self.host.folder(folder)

    def _join(self, draw: Callable[[], float]) -> "Shared":
        from flow_runtime.lending.shared import Shared

        return Shared(self.state, self.incarnation.id, draw)

    @property
    def borrower(self) -> "Borrower | None":
        return None if self.shared is None else self.shared.borrower

    def step(self, patience: float | None = None, work: bool = False) -> None:
        """One turn of its worker; with `work` it has room for what other workers have left."""
        if self.shared is not None:
            self.shared.step(work)
        self.worker.step(patience)

    def follow_clock(self) -> None:
        """Where it has nothing in hand, a clock that was set counts from now on."""
        if self.worker.idle:
            self._steady.follow()

    def close(self, last: bool = False) -> None:
        """Ends the slots; runs that have not ended are free for another worker, those of which something was in flight because this
        incarnation is dead then: its start cursor stays, as after a crash, to tell what had started. Raises StoreError where the state could not be
        told; then too no process is left, and the runs are free because this incarnation is dead. `last`: the process ends next, and the
        database needs no closing, with which SQLite would move its log into the file: whoever opens it finds what is in the log."""
        if not self._guardian.stop():
            end_orphans(self.incarnation.id)
        if self.pool.logs is not None:
            self.pool.logs.close()
        reached("worker.closing")
        free = False
        try:
            free = self.store.abandon(self.incarnation.id)
            with suppress(OSError):  # to tidy up is no reason to fail: what is left is found by the next one
                if remove_own(self.state, self.incarnation.id, self._slots):
                    sweep(self.state, self.store, self.incarnation.id)
        finally:
            if self.shared is not None:
                self.shared.close()
            if not last:
                self.store.close()
            self.incarnation.end(self._cursor_path if free else None)

    def _was_started(self, run: str, seq: int, attempt: int, worker: str) -> bool:
        """Asks a dead worker's start cursor; before anything runs again, whatever it left running is ended."""
        if worker not in self._cursors:
            end_orphans(worker)
            path = cursor_path(self.state, worker)
            if not os.path.exists(path):
                return True
            self._cursors[worker] = Cursor(path)
        return self._cursors[worker].was_started(run, seq, attempt)

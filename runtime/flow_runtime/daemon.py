"""A worker process for a state folder: takes over the runs that nobody owns and works on them until it is told to stop.

`flow worker` is this, and so is the child that a server supervises (`python -m flow_runtime.daemon STATE`).
"""

import argparse
import gc
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from flow_engine.backoff import Backoff
from flow_engine.errors import FlowError, OtherVersion, Refused, StorageError, StoreError, UnknownRun, Unreadable
from flow_engine.model import RunRecord
from flow_engine.stores.sqlite import SqliteStore

from flow_runtime.aside import Aside
from flow_runtime.embedded import Embedded
from flow_runtime.executors.contract import UnknownKind, need_kinds
from flow_runtime.lifeline import Lifeline
from flow_runtime.processes.guardian import GuardianDied
from flow_runtime.role_log import say, set_up
from flow_runtime.run_feed import FolderFeed, RunFeed
from flow_runtime.state_folder import StateFolder, need_labels, state_as_set
from flow_runtime.telemetry.address import Address, address_from
from flow_runtime.telemetry.worker import WorkerTelemetry
from flow_runtime.unexpected import run_of, unexpected

if TYPE_CHECKING:
    from flow_runtime.settings_watch import Watch

RUNS = 256
"""Runs that one worker has in hand at once; the others wait in the state."""
RESTING = 64
"""So many times that number it has where its slots would be idle otherwise: what waits for people, for a pool or for its next attempt must
not keep the others from running."""
AT_ONCE = 32
"""Runs that are taken over in one transaction, at most: all their rows are in hand then."""
LOOK = 0.05
"""Seconds between two looks for runs, at most."""
STARTS = Backoff(0.1, 5.0)
"""Before a new start after a failure of the state."""


class Daemon:
    """`lifeline` is a descriptor that is closed when whoever started this worker is gone; then it stops at once."""

    def __init__(
        self,
        state: StateFolder,
        slots: int | None = None,
        runs: int = RUNS,
        lifeline: int | None = None,
        metrics: Address | None = None,
        watch: "Watch | None" = None,
    ) -> None:
        self._state, self._slots, self._runs = state, slots, runs
        self._lifeline = Lifeline(lifeline)
        self._telemetry = WorkerTelemetry(metrics)
        self._watch = watch
        self._stops = 0
        self._aside = Aside()
        self._fit_plans: set[tuple[str, str]] = set()
        """All of whose kinds of bodies there are here."""

    def serve(self) -> None:
        """Until SIGTERM or SIGINT. The first drains: what runs may end. The second ends what runs; another worker runs it again.
        Raises OtherVersion."""
        before = [(number, signal.signal(number, self._stop)) for number in (signal.SIGTERM, signal.SIGINT)]
        try:
            failures = 0
            while not (self._stops or self._lifeline.is_cut()):
                began = time.monotonic()
                if self._live():
                    return
                gc.collect()  # what has failed holds descriptors, in circles
                # a life that went well for some time starts the backoff anew
                failures = 1 if time.monotonic() - began > 10 * STARTS.last else failures + 1
                self._pause(STARTS.pause(failures))
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _live(self) -> bool:
        """One engine, from its start to its end; False where the state failed it, and a new one must take its runs over."""
        try:
            engine = Embedded(self._state, self._slots)
        except OtherVersion:
            raise  # waiting does not mend it
        except (StoreError, StorageError, OSError) as error:
            _say(f"the state {self._state.root} cannot be used, trying again: {error}")
            return False
        try:
            self._telemetry.attach(engine)
            if self._watch is not None:
                self._watch.start()  # a thread: the processes of the engine have been forked
            self._work(engine)
        except (OtherVersion, Refused):
            raise
        except (StoreError, GuardianDied) as error:
            self._telemetry.failed(error)
            _say(f"starting anew: {error}")
            return False
        except Exception as error:  # noqa: BLE001  the other runs are to go on
            self._put_aside(engine, error)
            return False
        finally:
            if self._watch is not None:
                self._watch.stop()
            self._telemetry.detach()
            _close(engine)
        return True

    def _work(self, engine: Embedded) -> None:
        feed = self._feed(engine)
        while not self._over(engine):
            engine.follow_clock()
            room, capacity = (0, 0) if self._stops else (self._room(engine), engine.pool.capacity())
            feed.taken(self._adopt(engine, feed.wanted(room, capacity), room))
            engine.step(min(LOOK, feed.patience()), room > 0 and capacity > 0)

    def _feed(self, engine: Embedded) -> RunFeed:
        if engine.shared is not None:
            return engine.shared.feed
        assert isinstance(engine.store, SqliteStore)
        return FolderFeed(engine.store, 4 * self._runs)

    def _over(self, engine: Embedded) -> bool:
        if self._stops > 1 or self._lifeline.is_cut():
            self._stops = max(self._stops, 1)
            return True
        if self._stops and not engine.worker.draining:
            engine.worker.drain()
            if engine.borrower is not None:
                engine.borrower.drain()
        return engine.worker.drained and (engine.borrower is None or engine.borrower.idle)

    def _room(self, engine: Embedded) -> int:
        """How many runs more it may take."""
        runs = engine.worker.runs
        if runs < self._runs:
            return self._runs - runs
        return max(min(engine.worker.spare(), self._runs, RESTING * self._runs - runs), 0)

    def _adopt(self, engine: Embedded, wanted: Iterable[str], room: int) -> bool:
        """Takes over runs that nobody owns, so many at most, and asks the owners of the others for work; whether some were left."""
        now = time.monotonic()
        runs = [run for run in wanted if not self._aside.has(run, now)]
        for start in range(0, min(len(runs), room), AT_ONCE):
            self._take(engine, runs[start : min(start + AT_ONCE, room)])
        return len(runs) > room

    def _take(self, engine: Embedded, runs: Sequence[str]) -> None:
        """One run that this version cannot read, or whose folder cannot be fetched, must not keep the others from being worked on."""
        fit = []
        for run, record in engine.store.records(runs).items():
            with self._left_alone(run):
                fit.append(self._fit(engine, record))
        free = [record for record in fit if not engine.worker.owns(record.id)]
        found = engine.worker.adopt_all(free)
        for run, error in found.failed.items():
            with self._left_alone(run):
                raise error
        taken = found.failed.keys() | {adopted.record.id for adopted in found.taken}
        for record in free:
            if record.id not in taken and engine.borrower is not None:
                with self._left_alone(record.id):
                    engine.borrower.ask(record.id)

    def _fit(self, engine: Embedded, record: RunRecord | Unreadable) -> RunRecord:
        """Raises Unreadable, UnknownKind, StorageError."""
        if isinstance(record, Unreadable):
            raise record
        plan = (record.plan_hash, record.workflow)
        if plan not in self._fit_plans:
            need_kinds(engine.store.plan(*plan))
            self._fit_plans.add(plan)
        engine.prepare(record.folder)
        return record

    @contextmanager
    def _left_alone(self, run: str) -> Iterator[None]:
        """For a while, where it cannot be taken over."""
        try:
            yield
        except (UnknownRun, UnknownKind, Unreadable, StorageError) as error:
            seconds = self._aside.put(run, time.monotonic())
            _say(f"run {run} cannot be taken over, trying again in {seconds:g} s: {error}", run)

    def _put_aside(self, engine: Embedded, error: Exception) -> None:
        """The run that was being worked on, with those that it was begun by, which would take it over with them: so the others go on."""
        run, told = run_of(error), f"starting anew: {unexpected(error)}"
        if run is None:
            _say(told)
            return
        seconds, now = 0.0, time.monotonic()
        for name in _with_parents(engine, run):
            if not self._aside.has(name, now):
                seconds = self._aside.put(name, now)
        _say(f"run {run} is left alone for {seconds:g} s, and {told}", run)

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._stops and not self._lifeline.is_cut() and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, LOOK))

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1


def _with_parents(engine: Embedded, run: str) -> list[str]:
    family: list[str] = []
    above: str | None = run
    while above is not None and above not in family:
        family.append(above)
        try:
            above = engine.store.run(above).parent
        except FlowError:
            break  # what cannot be read is nobody's child
    return family


def _close(engine: Embedded) -> None:
    try:
        engine.close()
    except StoreError as error:
        _say(f"the runs are free for another worker, since this one has ended: {error}")
    finally:
        engine.pool.close()  # another life may follow in this process


def _say(text: str, run: str = "") -> None:
    say("worker", text, "warning", run)


def _watch(root: str) -> "Watch | None":
    """Of the settings, where there is more than the environment."""
    if "FLOW_APPLIED" not in os.environ:
        return None
    from flow_runtime.settings.current import current
    from flow_runtime.settings_watch import Watch

    try:
        return Watch(current(root), "worker")
    except FlowError as error:  # they may be wrong by now, and the server goes on by those that it has given
        _say(f"the settings stay as the server gave them: {error}")
        return None


def main() -> None:
    """The child of a server: its standard input is the lifeline."""
    parser = argparse.ArgumentParser(prog="python -m flow_runtime.daemon")
    parser.add_argument("state")
    parser.add_argument("--slots", type=int)
    parser.add_argument("--label", action="append")
    parser.add_argument("--metrics")
    given = parser.parse_args()
    try:
        set_up("worker")
        state = state_as_set(given.state)
        labels = state.labels if given.label is None else need_labels(given.label)
        metrics = None if given.metrics is None else address_from(given.metrics)
        watch = _watch(state.root)
        Daemon(
            state._replace(labels=labels), given.slots, lifeline=sys.stdin.fileno(), metrics=metrics, watch=watch
        ).serve()
    except (OtherVersion, Refused) as error:
        _say(str(error))
        sys.exit(3)


if __name__ == "__main__":
    main()

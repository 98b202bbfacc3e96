"""Logs on their way to the storage while their bodies run, so that they can be read on other hosts with a delay of about two seconds.

What a log has grown by is put as a part of it. The last part is put again, longer, while it is small, so that a log has few of them;
parts in the middle go once the log is larger than one may be, as its own middle does. When an attempt has ended its slot has put the whole
log, and the parts are removed.
"""

import os
import sys
import threading
from collections.abc import Iterable

from flow_engine.errors import FlowError
from flow_engine.model import Claim

from flow_runtime.executors.bounded_log import log_limit, pieces
from flow_runtime.executors.work import log_path
from flow_runtime.storage.contract import Storage
from flow_runtime.storage.log_keys import Part, log_key, part_of
from flow_runtime.storage.unsent import forget_unsent, note_unsent, unsent

PERIOD = 1.0
"""Seconds between two looks."""
GROWING = 256 << 10
"""Bytes up to which the last part is put again rather than followed by another."""
CLOSING = 10.0
"""Seconds that the end of an engine waits for what is under way."""


class _Log:
    """What was put of one log. `path`: of the file that the body writes to."""

    def __init__(self, path: str, storage: Storage) -> None:
        folder, self.name = os.path.split(path)
        self.path, self.run, self._storage = path, os.path.basename(folder), storage
        self._parts: list[Part] = []
        self._last = b""

    def ship(self) -> None:
        """What has come since the last time. Of very much, the end."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # it has written nothing
        try:
            end, size = self._parts[-1].end if self._parts else 0, os.fstat(descriptor).st_size
            if size <= end:
                return
            start = max(end, size - log_limit() // 2)
            data = b"".join(pieces(descriptor, start, size))
        finally:
            os.close(descriptor)
        self._put(start, size, data)
        self._bound()

    def _put(self, start: int, end: int, data: bytes) -> None:
        last = self._parts[-1] if self._parts else None
        grows = last is not None and last.end == start and len(self._last) + len(data) <= GROWING
        if last is not None and grows:
            start, data = last.start, self._last + data
        part = part_of(self.run, self.name, start, end, len(data))
        self._storage.put_bytes(part.key, data)
        self._last = data
        if last is not None and grows:
            self._parts[-1] = part
            self._storage.remove(last.key)
        else:
            self._parts.append(part)

    def _bound(self) -> None:
        limit = log_limit()
        while len(self._parts) > 2 and sum(part.end - part.start for part in self._parts) > limit * 5 // 4:
            at = next((at for at, part in enumerate(self._parts) if part.start >= limit // 2), len(self._parts) - 2)
            self._storage.remove(self._parts.pop(min(max(at, 1), len(self._parts) - 2)).key)

    def end(self) -> None:
        """The whole is in the storage; the parts are not needed any more."""
        key = log_key(self.run, self.name)
        if os.path.isfile(self.path) and not self._storage.exists(key):  # the process of its body died
            self._storage.put(key, self.path)
        while self._parts:
            self._storage.remove(self._parts[-1].key)
            self._parts.pop()


class LogShipper:
    """A thread of the engine. `logs` is the folder of the state's logs. That the storage fails is told once, and when it works again."""

    def __init__(self, logs: str, storage: Storage, period: float = PERIOD) -> None:
        self._logs, self._storage, self._period = logs, storage, period
        self._running: frozenset[str] = frozenset()
        self._shipped: dict[str, _Log] = {}
        self._stop = threading.Event()
        self._fails = False
        self._thread = threading.Thread(target=self._serve, name="flow-logs", daemon=True)
        self._thread.start()

    def running(self, claims: Iterable[Claim]) -> None:
        """All whose bodies have run for `AFTER` seconds and have not ended."""
        self._running = frozenset(map(self._path, claims))

    def died(self, claims: Iterable[Claim]) -> None:
        """Their slot has ended with them, so that nobody has put their logs."""
        for run, name in [os.path.split(self._path(claim)) for claim in claims]:
            note_unsent(self._logs, os.path.basename(run), name)

    def _path(self, claim: Claim) -> str:
        return log_path(self._logs, claim.task.run, claim.task.seq, claim.attempt)

    def close(self) -> None:
        """No body runs any more: the last parts are removed and what was not sent is sent, where that takes no longer than `CLOSING`."""
        self._running = frozenset()
        self._stop.set()
        self._thread.join(CLOSING)

    def _serve(self) -> None:
        while not self._stop.wait(self._period):
            self._look()
        self._look()

    def _look(self) -> None:
        running, failed = self._running, False
        steps = [lambda path=path: self._ship(path) for path in sorted(running)]
        steps += [lambda path=path: self._end(path) for path in self._shipped if path not in running]
        for step in [*steps, self._send_unsent]:
            try:
                step()
            except FlowError as error:
                self._failed(error)
                return  # the storage is gone, most likely for the others too: at the next look
            except OSError as error:  # of this host's file alone
                self._failed(error)
                failed = True
        if self._fails and not failed:
            self._fails = False
            _say("the storage takes logs again")

    def _ship(self, path: str) -> None:
        log = self._shipped.get(path)
        if log is None:
            log = self._shipped[path] = _Log(path, self._storage)
        log.ship()

    def _end(self, path: str) -> None:
        self._shipped[path].end()
        del self._shipped[path]

    def _send_unsent(self) -> None:
        for note in unsent(self._logs):
            path = os.path.join(self._logs, note.run, note.name)
            if os.path.isfile(path):  # else its run was removed meanwhile
                self._storage.put(log_key(note.run, note.name), path)
            forget_unsent(self._logs, note)

    def _failed(self, error: Exception) -> None:
        if not self._fails:
            self._fails = True
            _say(f"logs stay on this host until the storage takes them: {error}")


def _say(text: str) -> None:
    print(f"flow: {text}", file=sys.stderr, flush=True)

"""The folders that bodies work in."""

import os
import time
from contextlib import suppress

from flow_runtime.descriptors import aside

_COARSE = 5
"""CLOCK_REALTIME_COARSE of Linux, which `time` has no name for."""
_ROUNDED = 10_000_000
"""Nanoseconds: the finest steps of the file systems that round times (to 10 ms, 1 s or 2 s)."""


def slot_folder(scratch: str, incarnation: str, slot: int) -> str:
    """Where the bodies work that run in the slot's own process."""
    return f"{scratch}/slot-{incarnation}-{slot}"


def remove_folder(folder: str) -> bool:
    """With all that is in it; most are empty, which costs one call. False where the system refuses: what a container has written as root."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        import shutil

        open_folders(folder)
        shutil.rmtree(folder, ignore_errors=True)
        return not os.path.lexists(folder)
    return True


def open_folders(folder: str) -> None:
    """Lets everything in it be removed: bodies leave folders that nobody may write to (Go's module cache)."""
    _open_folder(folder)
    for root, folders, _ in os.walk(folder):  # what is in each is listed once it is open
        for name in folders:
            _open_folder(os.path.join(root, name))


def _open_folder(folder: str) -> None:
    if not os.path.islink(folder):
        with suppress(PermissionError):  # of another user
            os.chmod(folder, 0o700)


class HomeFolder:
    """Where the bodies of one process work, one after another: there and empty when each begins, whatever the one before did to it.

    That nothing was left is seen by the folder's time of change, for one call instead of five: the kernel stamps it by the same coarse clock
    that is read when a body begins. In the tick of that clock in which it was last changed a new file would leave no trace; then it is listed, and
    so it is where the file system rounds its times.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = -1
        self._changed = -1
        self._sure = False

    def enter(self) -> None:
        """Makes it the current folder; the first time it is made, without what a process before has left."""
        if self._descriptor < 0:
            self._renew()
        os.fchdir(self._descriptor)
        self._sure = self._changed < time.clock_gettime_ns(_COARSE) and bool(self._changed % _ROUNDED)

    def clear(self) -> None:
        try:
            now = os.fstat(self._descriptor)
            if self._sure and now.st_ctime_ns == self._changed:
                return
            if not os.path.samestat(now, os.lstat(self.path)):
                self._renew()
                return
            self._empty()
            self._changed = os.fstat(self._descriptor).st_ctime_ns
        except OSError:  # the body has removed it, or put something else in its place
            self._renew()

    def _empty(self) -> None:
        """Removes what is in it, without following a link that a body may have put there."""
        folder = self._descriptor
        for name in os.listdir(folder):
            try:
                os.unlink(name, dir_fd=folder)
            except (IsADirectoryError, PermissionError):
                import shutil

                shutil.rmtree(name, dir_fd=folder)

    def _renew(self) -> None:
        os.chdir("/")
        if self._descriptor >= 0:
            with suppress(OSError):  # a body has closed it
                os.close(self._descriptor)
            self._descriptor = -1
        if os.path.islink(self.path):
            os.unlink(self.path)
        if not remove_folder(self.path):
            os.rename(self.path, f"{self.path}.{time.time_ns()}")  # the next body must not meet it
        os.makedirs(self.path, exist_ok=True)
        self._descriptor = aside(os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))
        self._changed = os.fstat(self._descriptor).st_ctime_ns

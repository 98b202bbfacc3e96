"""The folders that bodies work in."""

import os
import time

_COARSE = 5
"""CLOCK_REALTIME_COARSE of Linux, which `time` has no name for."""


def slot_folder(scratch: str, incarnation: str, slot: int) -> str:
    """Where the bodies work that run in the slot's own process."""
    return f"{scratch}/slot-{incarnation}-{slot}"


def remove_folder(folder: str) -> None:
    """With all that is in it; most are empty, which costs one call."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return
    except OSError:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


class HomeFolder:
    """Where the bodies of one process work, one after another: there and empty when each begins, whatever the one before did to it.

    That nothing was left is seen by the folder's time of change, for one call instead of five: the kernel stamps it by the same coarse clock
    that is read when a body begins. In the tick of that clock in which it was last changed a new file would leave no trace; then it is listed.
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
        self._sure = self._changed < time.clock_gettime_ns(_COARSE)

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
            os.close(self._descriptor)
            self._descriptor = -1
        if os.path.islink(self.path):
            os.unlink(self.path)
        remove_folder(self.path)
        os.makedirs(self.path, exist_ok=True)
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._changed = os.fstat(self._descriptor).st_ctime_ns

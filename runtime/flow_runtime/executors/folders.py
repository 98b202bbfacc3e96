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
        self._changed = 0
        self._sure = False

    def make(self, name: str) -> str:
        """Makes the folder; the path of a file in it, which the caller removes."""
        os.makedirs(self.path, exist_ok=True)
        return f"{self.path}/{name}"

    def enter(self) -> None:
        os.chdir(self.path)
        self._sure = self._changed < time.clock_gettime_ns(_COARSE)

    def clear(self) -> None:
        try:
            changed = os.stat(self.path).st_mtime_ns
            if self._sure and changed == self._changed:
                return
            if not os.listdir(self.path):
                self._changed = changed
                return
        except FileNotFoundError:
            pass
        os.chdir("/")
        remove_folder(self.path)
        os.makedirs(self.path, exist_ok=True)
        self._changed = os.stat(self.path).st_mtime_ns

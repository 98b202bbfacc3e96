"""One life of a worker: a random name, and a lock on a file for as long as the process lives. A host name is no identity.

The lock is a POSIX record lock: a fork does not inherit it, so that it tells of the engine alone and not of its guardian. Closing any
descriptor of the file would drop it, so that a process never asks whether its own incarnation is alive.
"""

import fcntl
import os
import time
from collections.abc import Callable

from flow_engine.ids import new_id

from flow_runtime.state_folder import StateFolder


class Incarnation:
    def __init__(self, state: StateFolder) -> None:
        self.id = new_id(time.time(), os.urandom)
        self._path = lock_path(state, self.id)
        self._descriptor = _lock(self._path)
        os.write(self._descriptor, str(os.getpid()).encode())

    def end(self, cursor_path: str | None) -> None:
        """Removes the lock and the start cursor: nothing of this life is left to recover. Without a path they stay, for whoever takes over
        what was under way, and this life is over all the same."""
        for path in (cursor_path, self._path) if cursor_path is not None else ():
            _unlink(path)
        os.close(self._descriptor)


def _lock(path: str) -> int:
    """The descriptor of the file, locked. Between its making and its lock it looks like that of a dead process, and may be removed."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def bury(state: StateFolder, incarnation: str, needed: Callable[[], bool] = lambda: False) -> bool:
    """Removes the lock and the start cursor of a process that is dead; False where it lives, or where they are `needed`: that is asked once it
    is dead for certain, since it may have taken a run in its last moment."""
    try:
        descriptor = os.open(lock_path(state, incarnation), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        _unlink(cursor_path(state, incarnation))
        return True
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if needed():
            return False
        for path in (cursor_path(state, incarnation), lock_path(state, incarnation)):
            _unlink(path)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def lock_path(state: StateFolder, incarnation: str) -> str:
    return os.path.join(state.engines, f"{incarnation}.lock")


def cursor_path(state: StateFolder, incarnation: str) -> str:
    return os.path.join(state.engines, f"{incarnation}.slots")


def alive(state: StateFolder, incarnation: str) -> bool:
    """Whether the process of that incarnation still holds its lock. The kernel lets go of it even on kill -9. Many may ask at once: they share
    the lock for that moment, and do not take each other for the living."""
    try:
        descriptor = os.open(lock_path(state, incarnation), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def anyone_alive(state: StateFolder) -> bool:
    """Whether any worker lives: `flow worker`, that of a server, or a `flow run`."""
    return any(alive(state, name) for name in _names(state))


def count_alive(state: StateFolder) -> int:
    """How many of them live."""
    return sum(alive(state, name) for name in _names(state))


def _names(state: StateFolder) -> list[str]:
    if not os.path.isdir(state.engines):
        return []
    return [name.removesuffix(".lock") for name in os.listdir(state.engines) if name.endswith(".lock")]

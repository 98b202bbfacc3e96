"""One life of a worker: a random name, and a lock on a file for as long as the process lives. A host name is no identity.

The lock is a POSIX record lock: a fork does not inherit it, so that it tells of the engine alone and not of its guardian. Closing any
descriptor of the file would drop it, so that a process never asks whether its own incarnation is alive.
"""

import fcntl
import os
import time

from flow_engine.ids import new_id

from flow_runtime.state_folder import StateFolder


class Incarnation:
    def __init__(self, state: StateFolder) -> None:
        self.id = new_id(time.time(), os.urandom)
        self._path = lock_path(state, self.id)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        os.write(self._descriptor, str(os.getpid()).encode())

    def end(self, cursor_path: str) -> None:
        """Removes the lock and the start cursor: nothing of this life is left to recover."""
        for path in (cursor_path, self._path):
            try:
                os.unlink(path)
            except FileNotFoundError:
                continue
        os.close(self._descriptor)


def lock_path(state: StateFolder, incarnation: str) -> str:
    return os.path.join(state.engines, f"{incarnation}.lock")


def cursor_path(state: StateFolder, incarnation: str) -> str:
    return os.path.join(state.engines, f"{incarnation}.slots")


def alive(state: StateFolder, incarnation: str) -> bool:
    """Whether the process of that incarnation still holds its lock. The kernel lets go of it even on kill -9."""
    try:
        descriptor = os.open(lock_path(state, incarnation), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def anyone_alive(state: StateFolder) -> bool:
    """Whether any worker lives: `flow worker`, that of a server, or a `flow run`."""
    if not os.path.isdir(state.engines):
        return False
    names = [name.removesuffix(".lock") for name in os.listdir(state.engines) if name.endswith(".lock")]
    return any(alive(state, name) for name in names)

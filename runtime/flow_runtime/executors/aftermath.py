"""What a Python body has changed of the process that it shares with the bodies after it, and that is not its own to keep.

Modules, the environment and the locale are shared by the Python bodies of one plan, which import the same libraries. The mask of new
files, a timer, the signal that ends a body and the limits of the process would fail tasks that have nothing to do with it.
"""

import os
import signal
import sys
from collections.abc import Callable

_handler_of = sys.modules["_signal"].getsignal
"""What `signal.getsignal` calls, which makes an enumeration of each answer and takes seven times as long."""


class Aftermath:
    """As the process is when this is made. `terminated` is what SIGTERM calls."""

    def __init__(self, terminated: Callable[..., object]) -> None:
        self._terminated = terminated
        self._mask = os.umask(0o077)
        signal.signal(signal.SIGTERM, terminated)
        self.mend()

    def mend(self) -> None:
        """After each body: a microsecond where nothing was changed."""
        os.umask(self._mask)
        signal.alarm(0)
        if _handler_of(signal.SIGTERM) is not self._terminated:
            signal.signal(signal.SIGTERM, self._terminated)


def has_other_limits() -> bool:
    """Whether this process has limits that its parent, the guardian, does not have: a body has set them, and most cannot be lifted again."""
    resource = sys.modules.get("resource")
    if resource is None or not hasattr(resource, "prlimit"):
        return False  # who changes limits has imported it
    kinds = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
    try:
        return any(resource.getrlimit(kind) != resource.prlimit(os.getppid(), kind) for kind in kinds)
    except OSError:
        return False

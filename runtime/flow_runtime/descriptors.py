"""Numbers of open files that are out of the way: Python bodies run beside them, and some write to the descriptors from 3 on or close them."""

import fcntl
import os

_FIRST = 500


def aside(descriptor: int) -> int:
    """The same open file under a high number, which is not inherited; the old number is closed. Where so many are not allowed, it stays."""
    try:
        number = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST)
    except OSError:
        return descriptor
    os.close(descriptor)
    return number

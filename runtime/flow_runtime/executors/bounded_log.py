"""What a body may leave in its log: the beginning and the end, and in between a line that says how much was left out.

While the body writes, the middle of a file that has grown too large is given back to the disk: it becomes a hole, so that the body
goes on writing where it was, at its full speed. At its end the file is written anew without the hole. Holes are Linux's; where the
file system has none, the log is bounded when the body ends.
"""

import errno
import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache

SETTING = "FLOW_LOG_LIMIT"
DEFAULT = 32 << 20
SMALLEST = 64 << 10
PERIOD = 0.1
"""Seconds between two looks at a file that a body writes to by itself."""
_BLOCK = 1 << 18
_PAGE = 4096
_PUNCH_HOLE, _KEEP_SIZE = 2, 1
_OWN = r".*/(?:\d+\.\d+\.log(?:\.out)?|\.spill \(deleted\))"
MARK = rb"\n\[\.\.\. (\d+) bytes left out: a log keeps its beginning and its end \.\.\.\]\n"
"""What `mark` makes, as a pattern. Patterns are compiled when they are first used: a cold start uses none of them."""


def log_limit() -> int:
    """Bytes of a log that are kept: FLOW_LOG_LIMIT, a size as in 64MiB. Raises ValueError."""
    return _parsed(os.environ.get(SETTING, ""))


@cache
def _parsed(text: str) -> int:
    if not text.strip():
        return DEFAULT
    from flow_runtime.settings.table import BY_NAME  # a cold start has no such setting

    limit: int = BY_NAME[SETTING].read(text)
    return max(limit, SMALLEST)


def mark(left_out: int) -> bytes:
    """The line in the place of so many bytes."""
    return f"\n[... {left_out} bytes left out: a log keeps its beginning and its end ...]\n".encode()


def trim(file: int | str, head: int = 0) -> bool:
    """Makes a hole in a file that takes more room than a log may, and a quarter. At least `head` bytes of its beginning stay. False
    where nothing was done."""
    limit = log_limit()
    status = os.stat(file)
    beginning = max(limit // 2, head)
    if status.st_blocks * 512 <= (beginning + limit // 2) * 5 // 4:
        return False
    start = -(-beginning // _PAGE) * _PAGE
    end = (status.st_size - limit // 2) // _PAGE * _PAGE
    return end > start and _punch(file, start, end - start)


def trim_output(pid: int) -> None:
    """The same for the file that is standard output of a process, where that is a log."""
    path = f"/proc/{pid}/fd/1"
    try:
        if re.fullmatch(_OWN, os.readlink(path)):
            trim(path)
    except OSError:
        return  # it has ended


def settle(path: str) -> None:
    """Once nobody writes to it: a file that is larger than a log may be becomes its beginning, a line, and its end."""
    limit = log_limit()
    if os.path.getsize(path) <= limit + limit // 4:
        return
    partial = f"{path}.{os.getpid()}"
    with open(path, "rb") as whole, open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as kept:
        size = os.fstat(whole.fileno()).st_size
        kept.write(whole.read(limit // 2))
        tail = max(size - limit // 2, limit // 2)
        kept.write(mark(_told(pieces(whole.fileno(), limit // 2, tail))))
        whole.seek(tail)
        while block := whole.read(_BLOCK):
            kept.write(block)
    os.rename(partial, path)


def _told(blocks: Iterable[bytes]) -> int:
    """How many bytes these are, each mark as many as it tells of."""
    return sum(
        len(block) + sum(int(found[1]) - len(found[0]) for found in re.finditer(MARK, block)) for block in blocks
    )


def pieces(descriptor: int, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """What is in a file from `start` to `end`, or to where it ends now; a hole is its mark."""
    size = os.fstat(descriptor).st_size if end is None else end
    at = start
    while at < size:
        data = _next_data(descriptor, at, size)
        if data > at:
            yield mark(data - at)
            at = data
            continue
        hole = _next_hole(descriptor, at, size)
        while at < hole and (block := os.pread(descriptor, min(_BLOCK, hole - at), at)):
            yield block
            at += len(block)
        if at < hole:
            return  # it was cut meanwhile


def without_edges(blocks: Iterable[bytes], width: int) -> Iterator[bytes]:
    """The same without so many bytes on each side of a mark, where half of a secret may stand that its mask would not know."""
    before, after_mark = b"", False
    for block in blocks:
        is_mark = re.fullmatch(MARK, block) is not None
        yield before[:-width] if is_mark else before
        before, after_mark = (block[width:] if after_mark else block), is_mark
    yield before


def _next_data(descriptor: int, at: int, size: int) -> int:
    if not hasattr(os, "SEEK_DATA"):
        return at
    try:
        return os.lseek(descriptor, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size
        raise


def _next_hole(descriptor: int, at: int, size: int) -> int:
    return min(os.lseek(descriptor, at, os.SEEK_HOLE), size) if hasattr(os, "SEEK_HOLE") else size


def _punch(file: int | str, start: int, length: int) -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    punch = ctypes.CDLL(None, use_errno=True).fallocate
    punch.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC) if isinstance(file, str) else file
    try:
        return bool(punch(descriptor, _PUNCH_HOLE | _KEEP_SIZE, start, length) == 0)
    finally:
        if isinstance(file, str):
            os.close(descriptor)

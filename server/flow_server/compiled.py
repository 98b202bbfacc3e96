"""Sources that were compiled lately: who submits many runs sends the same one each time."""

import threading
from collections import OrderedDict
from hashlib import sha256

from flow_runtime.state_folder import StateFolder

from flow_server.submission import Origin, origin_of
from flow_server.wishes import Submission

KEPT = 128
"""Compiled sources."""
_LARGEST = 64 << 10
"""Characters of a source that is kept; larger ones are rare, and their plans take memory."""


class CompiledSources:
    """Without a folder beside it, a source says all that its plan depends on."""

    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._kept: OrderedDict[bytes, Origin] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, submission: Submission) -> Origin | None:
        key = _key(submission)
        with self._lock:
            if key is None or key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def origin(self, submission: Submission) -> Origin:
        """Compiles it. Raises Problem with the diagnostics of a wrong one."""
        found, key = origin_of(self._state, submission), _key(submission)
        if key is not None:
            with self._lock:
                self._kept[key] = found
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return found


def _key(submission: Submission) -> bytes | None:
    """None for what is not kept."""
    source = submission.source
    if source is None or len(source) > _LARGEST:
        return None
    parts = (submission.file or "", submission.workflow or "", source)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()

"""A descriptor that is closed when whoever started this process is gone, however that ended."""

import os
import select


class Lifeline:
    """None: nobody has started it that it should end with."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def is_cut(self) -> bool:
        if self._descriptor is None:
            return False
        return bool(select.select([self._descriptor], [], [], 0)[0]) and not os.read(self._descriptor, 4096)

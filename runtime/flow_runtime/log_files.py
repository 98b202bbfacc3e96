"""Where the logs of runs are read, where one host alone writes them; see `storage_logs` for several."""

import os
from contextlib import suppress


class LogFiles:
    """Those of a state that no other host writes to."""

    def __init__(self, logs: str) -> None:
        self._logs = logs

    def names(self, run: str, fresh: bool = False) -> set[str]:
        """Of the files that there are (`3.1.log`), without asking for their content. `fresh`: as they are now, not a moment ago. Raises
        StorageError."""
        with suppress(FileNotFoundError):
            return set(os.listdir(os.path.join(self._logs, run)))
        return set()

    def path(self, run: str, name: str) -> str:
        """Of the file, which is not there where nothing was written. Raises StorageError."""
        return os.path.join(self._logs, run, name)

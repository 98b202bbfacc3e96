"""Looks whether the settings of a role have changed, while it goes on: its file, Parameter Store once a minute, and at once on SIGHUP."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from flow_engine.errors import FlowError

from flow_runtime.role_log import say, set_level
from flow_runtime.settings.current import Change, Configuration

LOOK = 0.5
"""Seconds between two looks at the file; it is read when two of them saw the same, since who writes it may not have finished."""
ASK = 60.0
"""Seconds between two questions to Parameter Store, at least."""
PATIENCE = 2.0


class Watch:
    """`check` is given the environment as it would be and raises FlowError where the role could not go on by it; `apply` follows a change."""

    def __init__(
        self,
        configuration: Configuration,
        role: str,
        check: Callable[[Mapping[str, str]], object] = dict,
        apply: Callable[[], None] | None = None,
    ) -> None:
        self._configuration, self._role = configuration, role
        self._check, self._apply = check, apply
        self._told = ""
        self._asked = False
        self._hangup = _Hangup(self.ask)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """To read the settings again; from a signal handler too."""
        self._asked = True

    def start(self) -> None:
        """In the main thread."""
        self._hangup.install()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="flow-settings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)
        self._hangup.remove()

    def _watch(self) -> None:
        asked_at = time.monotonic()
        while not self._stopping.wait(LOOK):
            asked, self._asked = self._asked, False
            written = self._configuration.is_steady() and self._configuration.file_changed()
            now = time.monotonic()
            waits = self._configuration.asks_parameters or self._configuration.is_behind
            if asked or written or (waits and now - asked_at >= ASK):
                asked_at = now
                self.look(asked)

    def look(self, asked: bool = False) -> None:
        """Reads all sources again. What is wrong is told, once unless somebody `asked`, and changes nothing."""
        try:
            change = self._configuration.reload(self._role, self._check)
        except FlowError as error:
            if asked or str(error) != self._told:
                self._say(f"the settings stay as they were: {error}", "error")
            self._told = str(error)
            return
        self._told = ""
        if change.now or asked:  # who asks may know of more than the file system tells
            set_level()
            if self._apply is not None:
                self._apply()
        self._tell(change, asked)

    def _tell(self, change: Change, asked: bool) -> None:
        if change.now:
            self._say(f"settings changed: {', '.join(change.now)}", "info")
        if change.later:
            self._say(f"takes effect at the next start: {', '.join(change.later)}", "warning")
        if asked and not (change.now or change.later):
            self._say("the settings were read again, and none has changed", "info")

    def _say(self, text: str, level: str) -> None:
        say(self._role, text, level)


class _Hangup:
    """SIGHUP asks for the settings, as other daemons take it; but where the terminal is closed in which a role was started, it ends as before."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._before: Any = None
        self._had_terminal = False

    def install(self) -> None:
        self._had_terminal = _has_terminal()
        self._before = signal.signal(signal.SIGHUP, self._hear)

    def remove(self) -> None:
        """Nothing, where it was not installed: whoever ends what has not begun is to hear why."""
        if self._before is not None:
            signal.signal(signal.SIGHUP, self._before)
            self._before = None

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._had_terminal and self._before != signal.SIG_IGN and not _has_terminal():
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self._ask()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True

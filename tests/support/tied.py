"""Processes that end with the tests, however those end."""

import sys

_TIE = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
"""PR_SET_PDEATHSIG, SIGKILL: the kernel ends it when the process that started it has ended. Kept over exec."""


def tied(*command: str) -> list[str]:
    """The command, tied to this process where the kernel can do that. `command[0]` is a path."""
    return [sys.executable, "-I", "-S", "-c", _TIE, *command] if sys.platform == "linux" else [*command]

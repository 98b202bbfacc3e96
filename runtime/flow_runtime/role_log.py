"""What a long-running role says on its standard error: plain lines on a terminal, a JSON document a line elsewhere, for what collects logs.

FLOW_LOG=json or text chooses; FLOW_LOG_LEVEL is the least that is said: debug, info, warning, error. What libraries log goes the same way.
A command that ends by itself (`flow run`) calls no `set_up`, and speaks plainly.
"""

import json
import logging
import os
import re
import sys
import time

from flow_runtime.settings.hiding import without_password
from flow_runtime.settings.kinds import PLACE
from flow_runtime.settings.table import BY_NAME, secret_names, value_of

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
HIDDEN = "***"
_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@", re.IGNORECASE)
_BEARER = re.compile(r"(\bBearer\s+)[^\s\"',]+", re.IGNORECASE)


class _Setting:
    """Of this process."""

    as_json = False
    least = LEVELS["info"]
    role = ""


def set_up(role: str) -> None:
    """At the beginning of a role. Raises Refused for settings that mean nothing."""
    chosen = value_of("FLOW_LOG") or ("text" if sys.stderr.isatty() else "json")
    _Setting.as_json, _Setting.role = chosen == "json", role
    root = logging.getLogger()
    if not any(isinstance(handler, LibraryHandler) for handler in root.handlers):
        root.addHandler(LibraryHandler())
    set_level()


def set_level() -> None:
    """As the settings have it now. Raises Refused."""
    _Setting.least = LEVELS[value_of("FLOW_LOG_LEVEL")]
    logging.getLogger().setLevel(max(_Setting.least, logging.WARNING))


def say(role: str, text: str, level: str = "info", run: str = "", task: str = "") -> None:
    """One line; `run` and `task` are what it is about, where there is one."""
    if LEVELS[level] < _Setting.least:
        return
    line = _document(role, level, text, run, task) if _Setting.as_json else f"flow {role}: {redacted(text)}"
    print(line, file=sys.stderr, flush=True)


def announce(plain: str) -> None:
    """What a person is told when a role begins, in its own words; it may hold the key that is shown once."""
    print(
        _document(_Setting.role, "info", plain, hide=False) if _Setting.as_json else plain, file=sys.stderr, flush=True
    )


def redacted(text: str) -> str:
    """Without passwords in URLs, bearer tokens, and what the environment keeps secret."""
    for name in secret_names():
        secret = os.environ.get(name, "").strip()
        if "://" in secret:
            text = text.replace(secret, without_password(secret))
        elif secret and BY_NAME[name].kind is not PLACE:  # a place that is no URL is a path, and no secret
            text = text.replace(secret, HIDDEN)
    return _BEARER.sub(rf"\g<1>{HIDDEN}", _PASSWORD.sub(rf"\g<1>:{HIDDEN}@", text))


def _document(role: str, level: str, text: str, run: str = "", task: str = "", hide: bool = True, **more: str) -> str:
    now = time.time()
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
    fields = {
        "time": moment,
        "level": level,
        "role": role,
        "pid": os.getpid(),
        "event": redacted(text) if hide else text,
    }
    about = {name: value for name, value in (("run", run), ("task", task), *more.items()) if value}
    return json.dumps(fields | about)


class LibraryHandler(logging.Handler):
    """What libraries log, and the server of its own defects."""

    def emit(self, record: logging.LogRecord) -> None:
        exception = "" if record.exc_info is None else redacted(logging.Formatter().formatException(record.exc_info))
        if _Setting.as_json:
            level = record.levelname.lower()
            text = _document(_Setting.role, level, record.getMessage(), logger=record.name, exception=exception)
        else:
            text = "\n".join(part for part in (redacted(record.getMessage()), exception) if part)
        print(text, file=sys.stderr, flush=True)

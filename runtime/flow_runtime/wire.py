"""JSON as it is sent between processes and kept: compact UTF-8."""

import json
from typing import Any

_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def dumps(value: Any) -> str:
    """Escaped to ASCII where a text in it is no Unicode, as the name of a file may be: neither a channel nor SQLite takes it raw.
    Raises TypeError and ValueError as `json.dumps` does."""
    if type(value) is int:
        return str(value)
    text = _COMPACT.encode(value)
    return text if is_unicode(text) else json.dumps(value, separators=(",", ":"))


def is_unicode(text: str) -> bool:
    """False for a path that is not UTF-8: its bytes are lone surrogates in a Python text."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

"""JSON as it is sent between processes and kept: compact UTF-8."""

import json
from typing import Any


def dumps(value: Any) -> str:
    """Escaped to ASCII where a text in it is no Unicode, as the name of a file may be: neither a channel nor SQLite takes it raw.
    Raises TypeError and ValueError as `json.dumps` does."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text

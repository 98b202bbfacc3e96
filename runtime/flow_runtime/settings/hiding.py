"""Settings as they may be shown: what is secret is hidden, and a password inside of a URL."""

import re

from flow_runtime.settings.kinds import TEXT
from flow_runtime.settings.table import Setting

HIDDEN = "********"
_SECRET_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|secret|key|token)[^=&]*=)[^&]*", re.IGNORECASE)
_PORT = re.compile(r"[^:]*(:\d*)?(/.*)?", re.DOTALL)


def hidden(setting: Setting, text: str) -> str:
    """A URL shows where it leads; anything else that is secret shows nothing."""
    if setting.secret and setting.kind is TEXT:
        return HIDDEN if text else ""
    return without_password(text)


def without_password(text: str) -> str:
    """Of a URL; also where the password was not quoted as a URL asks for."""
    scheme, parted, rest = text.partition("://")
    if not parted:
        return text
    before, mark, query = rest.partition("?")
    login, at, place = before.rpartition("@")
    if at:
        user, colon, _ = login.partition(":")
        before = f"{user}:{HIDDEN}@{place}" if colon else before
    elif not before.startswith("[") and not _PORT.fullmatch(before):  # what looked like a query is in the password
        return f"{scheme}://{HIDDEN}"
    return f"{scheme}://{before}" + _SECRET_PARAMETER.sub(rf"\g<1>{HIDDEN}", mark + query)

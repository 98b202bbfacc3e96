"""Settings as they may be shown: what is secret is hidden, and a password inside of a URL."""

import re

from flow_runtime.settings.kinds import TEXT
from flow_runtime.settings.table import Setting

HIDDEN = "********"
_SECRET_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|secret|key|token)[^=&]*=)[^&]*", re.IGNORECASE)
_USER = re.compile(r"[^:/?#@]*")
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
    login, at, place = rest.rpartition("@")  # the last of the whole text: a password may hold what else would end it
    before, mark, query = place.partition("?")
    if at:
        before = f"{_without_password(login)}@{before}"
    elif not before.startswith("[") and not _PORT.fullmatch(before):  # what looked like a query is in the password
        return f"{scheme}://{HIDDEN}"
    return f"{scheme}://{before}" + _SECRET_PARAMETER.sub(rf"\g<1>{HIDDEN}", mark + query)


def _without_password(login: str) -> str:
    """What stands before the last @: a user is shown, where it is plain that it is one."""
    user, colon, _ = login.partition(":")
    if not _USER.fullmatch(user):
        return HIDDEN
    return f"{user}:{HIDDEN}" if colon else user

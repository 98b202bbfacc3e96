"""Texts of URLs: as they are sent, and as they are shown."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

_PATH = "/%:@!$&'()*+,;=~"
_QUERY = _PATH + "?"
_NO_CODE = re.compile("%(?![0-9A-Fa-f]{2})")
"""A percent sign that stands for itself."""


def path_text(path: str) -> str:
    """A path as it is sent: with spaces and the like encoded, and what is encoded already left as it is."""
    return quote(_NO_CODE.sub("%25", path), safe=_PATH, errors="surrogateescape")


def query_text(query: str) -> str:
    return quote(_NO_CODE.sub("%25", query), safe=_QUERY, errors="surrogateescape")


def shown_url(url: str) -> str:
    """A URL for people: without a user's name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def private_parts(url: str) -> set[str]:
    """What may be shown of a URL that is a secret as a whole, without the rest of it: its path, the values of its query, its password;
    each as it is and as it is sent."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return set()
    if parts.scheme not in ("http", "https", "smtp", "smtps"):
        return set()
    path, query = parts.path.rstrip("/"), parts.query
    found = {
        path,
        path_text(path),
        *(pair.partition("=")[2] for text in (query, query_text(query)) for pair in text.split("&")),
    }
    return found | {parts.netloc.rpartition("@")[0].partition(":")[2]}

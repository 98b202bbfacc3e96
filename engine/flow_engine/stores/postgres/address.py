"""Where the state is, for people: never with its password."""

from urllib.parse import parse_qsl, urlencode, urlsplit

_SECRET = ("password", "sslpassword", "passfile", "sslkey")


def shown(url: str) -> str:
    """The URL without what is secret in it. A text that is no URL is not shown at all, since the secret in it cannot be told."""
    try:
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name not in _SECRET])
    except ValueError:
        return "postgresql://..."
    name = user.partition(":")[0]
    place = f"{name}@{host}" if name else host
    return f"{parts.scheme}://{place}{parts.path}" + (f"?{query}" if query else "")

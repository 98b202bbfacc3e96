"""Where a rule's notices go to: mail addresses, or the URL of a webhook. As JSON it is what the state keeps of it."""

import json
import os
import re
from collections.abc import Mapping
from email.headerregistry import Address
from typing import Any
from urllib.parse import urlsplit

from flow_engine.errors import Refused
from flow_lang.named import NamedTuple

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST = 2000
"""Characters of an address or a URL."""


class Sink(NamedTuple):
    """`to`: mail addresses. Else `url`, or the variable of the notifier's environment that holds it (`url_env`), where it is a secret as
    those of chat services are. `secret_env`: the variable that holds the key with which requests are signed."""

    to: tuple[str, ...] = ()
    url: str = ""
    url_env: str = ""
    secret_env: str = ""

    def json(self) -> str:
        return json.dumps({name: value for name, value in self._asdict().items() if value})

    def shown(self) -> str:
        """For people; of a URL the host alone, since the rest may be a secret."""
        if self.to:
            return f"mail to {', '.join(self.to)}"
        return (
            f"webhook in {self.url_env}"
            if self.url_env
            else f"webhook at {urlsplit(self.url).netloc.rpartition('@')[2]}"
        )


def need_sink(given: Sink) -> Sink:
    """Raises Refused, naming what is wrong."""
    ways = [bool(given.to), bool(given.url), bool(given.url_env)]
    if sum(ways) != 1:
        raise Refused(
            "say where to: mail addresses, the URL of a webhook, or the variable that holds the URL; one of these"
        )
    if given.to and given.secret_env:
        raise Refused("a mail is not signed: a secret is for webhooks")
    for address in given.to:
        _need_address(address)
    for name in (given.url_env, given.secret_env):
        if name and not VARIABLE.fullmatch(name):
            raise Refused(f"{name[:100]!r} is no name of an environment variable")
    if given.url:
        need_url(given.url)
    return given


def need_url(url: str) -> str:
    """Raises Refused where it is none of http or https with a host. What is told does not repeat it."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused("the webhook is no URL: it starts with https:// (or http://), names a host, and has no spaces")
    return url


def sink_of(text: str) -> Sink:
    """What the state has kept. Raises Refused where it is of another version."""
    found: Any = json.loads(text)
    known = {name: value for name, value in found.items() if name in Sink._fields} if isinstance(found, dict) else {}
    if not isinstance(found, dict) or known != found:
        raise Refused(f"a newer Flow has written this rule: {text[:200]}")
    return need_sink(Sink(**{**known, "to": tuple(known.get("to", ()))}))


def from_environment(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Raises Refused where the variable is not set."""
    found = environment.get(name, "")
    if not found:
        raise Refused(f"{name} is not set in the environment of the notifier")
    return found


def _need_address(text: str) -> None:
    try:
        good = bool(Address(addr_spec=text).domain) and len(text) <= LONGEST
    except (ValueError, IndexError):
        good = False
    if not good:
        raise Refused(f"{text[:100]!r} is no mail address")

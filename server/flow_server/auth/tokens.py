"""Personal tokens: `flow_` and 256 random bits, of which only a digest is kept.

The digest is a plain SHA-256: slow hashes are for passwords that can be guessed, and nobody guesses 256 random bits. It is looked up by an
index; how long that takes tells something of digests alone, from which no token follows.
"""

import hashlib
import hmac
import re
import secrets
import time

from flow_engine.access import TokenRecord
from flow_engine.stores.contract import Store

from flow_server.auth.principal import Principal
from flow_server.auth.wrong import WrongCredential

PREFIX = "flow_"
"""So that scanners of repositories and logs find it."""
SEEN = 60.0
"""Seconds in which one use is noted, at most: not each request is to write."""
_TOKEN = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


def new_token(
    name: str, namespace: str, scopes: tuple[str, ...], by: str, now: float, expires_at: float | None
) -> tuple[str, TokenRecord]:
    """Its text, which is shown once, and what is kept of it."""
    text = PREFIX + secrets.token_urlsafe(32)
    return text, TokenRecord(
        secrets.token_hex(8), name, namespace, digest_of(text), scopes, by, now, expires_at=expires_at
    )


def is_token(text: str) -> bool:
    return text.startswith(PREFIX)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def principal_of_token(store: Store, text: str) -> Principal:
    """Raises WrongCredential."""
    if not _TOKEN.fullmatch(text):
        raise WrongCredential("this is no token of Flow; copy all of it")
    digest, now = digest_of(text), time.time()
    found = store.access.token(digest)
    if found is None or not hmac.compare_digest(found.digest, digest):
        raise WrongCredential("there is no such token")
    if found.revoked_at is not None:
        raise WrongCredential(f"the token {found.name} was revoked")
    if found.expires_at is not None and found.expires_at <= now:
        raise WrongCredential(f"the token {found.name} has expired")
    if found.last_used_at is None or found.last_used_at < now - SEEN:
        store.access.token_used(found.id, now)
    return Principal(
        f"token:{found.name}", frozenset(found.scopes), found.namespace, "token", found.id, found.expires_at
    )

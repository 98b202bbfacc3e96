"""Sessions of the pages: a signed cookie and no table. Another admin token makes all of them void."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

LIFETIME = 7 * 24 * 3600
"""Seconds that a login lasts."""
ONCE_LIFETIME = 600
"""Seconds that the printed login link is good for."""


class Sessions:
    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.new(token.encode(), b"flow session", hashlib.sha256).digest()
        self._clock = clock
        self._once: tuple[str, float] | None = None
        # cookies do not know ports: two servers on one host must not overwrite each other's
        self.cookie = f"flow_session_{self._sign('cookie')[:8]}"

    def open(self) -> str:
        """The value of a new session's cookie."""
        payload = f"{int(self._clock()) + LIFETIME}.{secrets.token_hex(16)}"
        return f"{payload}.{self._sign('session:' + payload)}"

    def holds(self, cookie: str | None) -> bool:
        payload, dot, signature = (cookie or "").rpartition(".")
        if not dot or not same(signature, self._sign("session:" + payload)):
            return False
        return int(payload.partition(".")[0]) > self._clock()

    def csrf(self, cookie: str) -> str:
        """What a form of this session carries, so that no other site can make it up."""
        return self._sign("csrf:" + cookie)

    def once(self) -> str:
        """A code that opens one session, once and soon."""
        code = secrets.token_urlsafe(24)
        self._once = (code, self._clock() + ONCE_LIFETIME)
        return code

    def take_once(self, code: str) -> bool:
        """Whether the code is good; it is not from then on."""
        if self._once is None or not same(code, self._once[0]):
            return False
        until, self._once = self._once[1], None
        return until > self._clock()

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Compares secrets in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())

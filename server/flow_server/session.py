"""Sessions of the pages: a random cookie, of which the state has a digest. Another admin token makes all of them void."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from flow_engine.access import SessionRecord
from flow_engine.stores.contract import Store

from flow_server.auth.principal import Principal
from flow_server.auth.secret import same

LIFETIME = 7 * 24 * 3600
"""Seconds that a login lasts, at most: no longer than the token that it was made with."""
ONCE_LIFETIME = 600
"""Seconds that the printed login link is good for."""
_LONGEST = 200
"""Characters of a cookie."""


class Sessions:
    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.new(token.encode(), b"flow session", hashlib.sha256).digest()
        self._clock = clock
        self._once: tuple[str, float] | None = None
        # cookies do not know ports: two servers on one host must not overwrite each other's
        self.cookie = f"flow_session_{self._sign('cookie')[:8]}"

    def open(self, store: Store, principal: Principal) -> tuple[str, int]:
        """The value of a new session's cookie, and for how many seconds it holds."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        ends = min(now + LIFETIME, principal.expires_at or now + LIFETIME)
        of = (principal.subject, tuple(sorted(principal.scopes)), principal.namespace, principal.token)
        store.access.keep_session(SessionRecord(self._digest(cookie), *of, now, ends))
        return cookie, max(0, int(ends - now))

    def principal(self, store: Store, cookie: str) -> Principal | None:
        """None where there is no such session any more."""
        if not 0 < len(cookie) <= _LONGEST:
            return None
        found = store.access.session(self._digest(cookie), self._clock())
        if found is None:
            return None
        scopes = frozenset(found.scopes)
        return Principal(found.subject, scopes, found.namespace, "session", found.token, found.expires_at)

    def end(self, store: Store, cookie: str) -> None:
        """Also for copies of the cookie."""
        store.access.end_session(self._digest(cookie))

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

    def _digest(self, cookie: str) -> str:
        return self._sign("session:" + cookie)

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

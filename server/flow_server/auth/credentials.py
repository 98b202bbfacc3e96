"""From what a request shows to who it is."""

import asyncio
from collections import OrderedDict

from flow_engine.stores.contract import Store

from flow_server.auth.jwts import Verifier
from flow_server.auth.limits import Buckets
from flow_server.auth.principal import ADMINISTRATOR, Principal
from flow_server.auth.secret import same
from flow_server.auth.settings import JwtSettings
from flow_server.auth.tokens import digest_of, is_token, principal_of_token
from flow_server.auth.wrong import WrongCredential
from flow_server.problem import Problem
from flow_server.store_threads import StoreThreads

WRONG, WRONG_BURST = 1.0, 60.0
"""Wrong tokens that one address may show a second, and at once."""
KNOWN = 1_000
"""Tokens that were right before: somebody else's wrong ones do not keep them out, as behind one proxy."""


class Credentials:
    def __init__(self, admin: str, stores: StoreThreads, jwt: JwtSettings | None) -> None:
        self._admin, self._stores = admin, stores
        self._verifier = None if jwt is None else Verifier(jwt)
        self._wrong = Buckets(WRONG, WRONG_BURST)
        self._known: OrderedDict[str, None] = OrderedDict()

    async def principal(self, text: str, address: str) -> Principal:
        """Raises WrongCredential, and Problem (429) where the address has shown too many wrong ones."""
        mark = digest_of(text)
        wait = 0.0 if mark in self._known else self._wrong.wait(address)
        if wait:
            raise too_many(wait, "there were too many wrong tokens from this address")
        try:
            found = await self._found(text)
        except WrongCredential:
            self._wrong.take(address)
            self._known.pop(mark, None)
            raise
        self._known[mark] = None
        self._known.move_to_end(mark)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return found

    async def _found(self, text: str) -> Principal:
        if same(text, self._admin):
            return ADMINISTRATOR
        if is_token(text):

            def job(store: Store) -> Principal:
                return principal_of_token(store, text)

            return await self._stores.run(job)
        verifier = self._verifier
        if verifier is not None and text.count(".") == 2:
            return await asyncio.to_thread(verifier.principal, text)
        raise WrongCredential("this is no token of this server")


def too_many(wait: float, what: str) -> Problem:
    seconds = str(max(1, round(wait + 0.5)))
    return Problem(429, "too-many-requests", f"{what}; try again in {seconds} s", {"Retry-After": seconds})

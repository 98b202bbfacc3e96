"""Personal tokens: of a server by its API, and of the state here, for which no server has to run."""

import getpass
import os
import time
from contextlib import closing, suppress
from typing import Any, Protocol

from flow_client.client import Client
from flow_client.errors import Problem
from flow_engine.access import ALL, AuditEntry, is_namespace
from flow_engine.errors import Refused
from flow_runtime.state_folder import find_state, usable
from flow_runtime.state_store import open_store
from flow_server.api.tokens import token_document
from flow_server.auth.principal import SCOPES
from flow_server.auth.tokens import new_token


class Tokens(Protocol):
    def create(self, name: str, scopes: list[str], namespace: str, seconds: int | None) -> dict[str, Any]:
        """Its document, with its text as `secret`."""
        ...

    def list(self) -> list[dict[str, Any]]: ...

    def revoke(self, id_: str) -> bool:
        """False where there is none that holds."""
        ...


class ServerTokens:
    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, name: str, scopes: list[str], namespace: str, seconds: int | None) -> dict[str, Any]:
        return self._client.create_token(name, scopes, namespace, seconds)

    def list(self) -> list[dict[str, Any]]:
        return self._client.tokens()

    def revoke(self, id_: str) -> bool:
        try:
            self._client.revoke_token(id_)
        except Problem as problem:
            if problem.kind != "unknown-token":
                raise
            return False
        return True


class LocalTokens:
    """Whoever may write the state is its administrator. Raises StoreError."""

    def __init__(self) -> None:
        self._state = find_state(os.getcwd())
        with usable(self._state):
            self._state.make()

    def create(self, name: str, scopes: list[str], namespace: str, seconds: int | None) -> dict[str, Any]:
        """Raises Refused."""
        wrong = next((scope for scope in scopes if scope not in SCOPES), None)
        if wrong is not None or not scopes:
            raise Refused(f"there is no scope {wrong!r}; there are: {', '.join(SCOPES)}")
        if namespace != ALL and not is_namespace(namespace):
            raise Refused(f"a namespace has 1 to 63 lower-case letters, digits and hyphens, and is not {namespace!r}")
        if not name.isprintable() or not 0 < len(name) <= 100:
            raise Refused("the name of a token has 1 to 100 printable characters")
        now = time.time()
        ends = None if seconds is None else now + seconds
        text, record = new_token(
            name, namespace, tuple(scope for scope in SCOPES if scope in scopes), _user(), now, ends
        )
        with closing(open_store(self._state)) as store:
            store.access.keep_token(record)
            store.access.note([_entry("flow token create", record.id, namespace)])
        return {**token_document(record), "secret": text}

    def list(self) -> list[dict[str, Any]]:
        with closing(open_store(self._state)) as store:
            return [token_document(token) for token in store.access.tokens()]

    def revoke(self, id_: str) -> bool:
        with closing(open_store(self._state)) as store:
            revoked = store.access.revoke_token(id_, ALL, time.time())
            if revoked:
                store.access.note([_entry("flow token revoke", id_, ALL)])
            return revoked


def _entry(action: str, id_: str, namespace: str) -> AuditEntry:
    return AuditEntry(time.time(), _user(), "local", namespace, "", action, f"/api/v1/tokens/{id_}", 200, "")


def _user() -> str:
    with suppress(KeyError, OSError):  # a container may have no name for its user
        return f"local:{getpass.getuser()}"
    return "local"

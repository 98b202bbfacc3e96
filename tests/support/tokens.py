"""Tokens for tests, kept straight in the store of a state."""

import time
from contextlib import closing

from flow_runtime.embedded import open_store
from flow_runtime.state_folder import StateFolder
from flow_server.auth.principal import SCOPES
from flow_server.auth.tokens import new_token


def bearer(
    state: StateFolder,
    namespace: str,
    *scopes: str,
    name: str = "test",
    expires_at: float | None = None,
) -> dict[str, str]:
    """The header with a new token; with all scopes where none is named."""
    text, record = new_token(name, namespace, scopes or SCOPES, "tests", time.time(), expires_at)
    with closing(open_store(state)) as store:
        store.access.keep_token(record)
    return {"Authorization": f"Bearer {text}"}

"""The admin token: FLOW_TOKEN, else the file `token` of the state folder, made at the first start."""

import os
import secrets
from typing import NamedTuple

from flow_runtime.state_folder import StateFolder

from flow_server.problem import ServerError

SHORTEST = 16
"""Characters; a shorter token could be guessed."""


class AdminToken(NamedTuple):
    """`fresh` says that this start has made it."""

    text: str
    fresh: bool


def admin_token(state: StateFolder) -> AdminToken:
    """Raises ServerError where the token is too short, and OSError where the file cannot be used."""
    given = os.environ.get("FLOW_TOKEN")
    if given:
        return AdminToken(_checked(given.strip(), "FLOW_TOKEN"), False)
    made = _make(state.token)
    os.chmod(state.token, 0o600)
    with open(state.token, encoding="utf-8") as stream:
        return AdminToken(_checked(stream.read().strip(), state.token), made)


def _make(path: str) -> bool:
    """Whole or not at all, and never over one that is there: two servers may start at once."""
    partial = f"{path}.{os.getpid()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(secrets.token_urlsafe(32) + "\n")
    try:
        os.link(partial, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(partial)
    return True


def _checked(text: str, where: str) -> str:
    if len(text) < SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
        raise ServerError(
            f"the token in {where} must be at least {SHORTEST} printable ASCII characters without spaces: set a longer "
            "FLOW_TOKEN, or remove the file so that a new token is made"
        )
    return text

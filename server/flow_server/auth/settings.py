"""What the environment says of access: JWTs, the policy of executors, rates, how long the audit log goes back."""

import json
import os
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from flow_engine.errors import Refused
from flow_runtime.settings.table import value_of

from flow_server.auth.policy import Policy
from flow_server.problem import ServerError

KEY_BYTES = 32
"""A key of HS256 has at least as many as the hash has (RFC 7518, 3.2)."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class JwtSettings(NamedTuple):
    """`key` is that of HS256, `jwks` the URL of the keys of RS256, ES256 and EdDSA; either may be empty."""

    key: str
    jwks: str
    audience: str
    issuer: str


class AccessSettings(NamedTuple):
    """`rate`: requests a second of one principal; 0 for any number. `audit_days`: how long an entry of the audit log is kept."""

    jwt: JwtSettings | None = None
    policy: Policy = Policy()
    rate: float = 1000.0
    audit_days: float = 365.0


def access_settings(environ: Mapping[str, str] = os.environ) -> AccessSettings:
    """Raises ServerError, which holds no secret."""
    return AccessSettings(
        _jwt(environ),
        _policy(environ.get("FLOW_POLICY", "").strip()),
        _number(environ, "FLOW_RATE_LIMIT"),
        _number(environ, "FLOW_AUDIT_DAYS"),
    )


def checked(environ: Mapping[str, str]) -> AccessSettings:
    """The same for settings that somebody has written and may mend. Raises Refused."""
    try:
        return access_settings(environ)
    except ServerError as error:
        raise Refused(str(error)) from None


def _jwt(environ: Mapping[str, str]) -> JwtSettings | None:
    names = ("FLOW_JWT_KEY", "FLOW_JWT_JWKS", "FLOW_JWT_AUDIENCE", "FLOW_JWT_ISSUER")
    made = JwtSettings(*(environ.get(name, "").strip() for name in names))
    if not any(made):
        return None
    if not made.key and not made.jwks:
        raise ServerError("JWTs need a key: set FLOW_JWT_KEY (HS256), or FLOW_JWT_JWKS to the URL of the keys")
    if not made.audience:
        raise ServerError("JWTs need an audience: set FLOW_JWT_AUDIENCE to what their claim `aud` says, such as `flow`")
    if made.key and len(made.key.encode()) < KEY_BYTES:
        raise ServerError(
            f"FLOW_JWT_KEY has less than {KEY_BYTES} bytes and could be guessed: make one with `openssl rand -base64 48`"
        )
    url = urlsplit(made.jwks)
    if made.jwks and url.scheme != "https" and (url.scheme != "http" or url.hostname not in _LOOPBACK):
        raise ServerError(
            "FLOW_JWT_JWKS must be an https:// URL: whoever could change the keys on their way could log in"
        )
    return made


def _policy(text: str) -> Policy:
    """JSON, or the path of a file with it."""
    if not text:
        return Policy()
    try:
        if not text.startswith("{"):
            with open(text, encoding="utf-8") as stream:
                text = stream.read()
        return Policy.read(json.loads(text))
    except OSError as error:
        raise ServerError(f"FLOW_POLICY names a file that cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ServerError(f'FLOW_POLICY is not a policy, as in {{"team-a": ["http", "shell"]}}: {error}') from None


def _number(environ: Mapping[str, str], name: str) -> float:
    try:
        return float(value_of(name, environ))
    except Refused as error:
        raise ServerError(str(error)) from None

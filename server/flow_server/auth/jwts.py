"""JWTs (RFC 7519, as RFC 8725 advises): which algorithm a key is used with is decided here and never by the token."""

from typing import Any

from flow_engine.access import ALL, is_namespace

from flow_server.auth.jwks import ALGORITHMS, Jwks, fetched
from flow_server.auth.principal import SCOPES, Principal
from flow_server.auth.settings import JwtSettings
from flow_server.auth.wrong import WrongCredential

LONGEST = 8192
"""Characters of a token."""
NAME = 200
"""Characters of a subject and of a key's id."""
LEEWAY = 10.0
"""Seconds by which clocks may differ."""
NAMESPACE = "namespace"
"""The claim that says where; `*` for everywhere."""


class Verifier:
    """Used from threads, since keys may have to be fetched."""

    def __init__(self, settings: JwtSettings, jwks: Jwks | None = None) -> None:
        self._settings = settings
        self._jwks = jwks or (Jwks(lambda: fetched(settings.jwks)) if settings.jwks else None)

    def principal(self, text: str) -> Principal:
        """Raises WrongCredential."""
        import jwt

        if len(text) > LONGEST:
            raise WrongCredential(f"a JWT has at most {LONGEST:,} characters")
        try:
            algorithm, key = self._key(jwt.get_unverified_header(text))
            claims = jwt.decode(
                text,
                key,
                algorithms=[algorithm],
                audience=self._settings.audience,
                issuer=self._settings.issuer or None,
                leeway=LEEWAY,
                options={"require": ["exp", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise WrongCredential(_told(error)) from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise WrongCredential("the JWT has a claim of the wrong type") from None
        return _principal(claims)

    def _key(self, header: dict[str, Any]) -> tuple[str, Any]:
        algorithm = header.get("alg")
        if "crit" in header:
            raise WrongCredential("the JWT has a header `crit`, and none is understood here")
        if algorithm == "HS256" and self._settings.key:
            return "HS256", self._settings.key.encode()
        if self._jwks is None or not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise WrongCredential("the JWT is signed with an algorithm that is not accepted here")
        kid = header.get("kid")
        if not isinstance(kid, str) or not 0 < len(kid) <= NAME:
            raise WrongCredential("the JWT names no key of its issuer (`kid`)")
        return algorithm, self._jwks.key(kid, algorithm).key


def _told(error: Exception) -> str:
    """Why, in words that hold nothing of the token."""
    import jwt

    reasons = {
        jwt.ExpiredSignatureError: "the JWT has expired",
        jwt.ImmatureSignatureError: "the JWT is not valid yet",
        jwt.InvalidAudienceError: "the JWT is for another audience",
        jwt.InvalidIssuerError: "the JWT is from another issuer",
        jwt.InvalidSignatureError: "the signature of the JWT is wrong",
        jwt.MissingRequiredClaimError: "the JWT lacks one of the claims `exp`, `aud` and `sub`",
    }
    return next((text for kind, text in reasons.items() if isinstance(error, kind)), "this is no JWT")


def _principal(claims: dict[str, Any]) -> Principal:
    subject, namespace, expires = claims["sub"], claims.get(NAMESPACE), claims["exp"]
    if not isinstance(subject, str) or not 0 < len(subject) <= NAME or not subject.isprintable():
        raise WrongCredential("the claim `sub` of the JWT is no name")
    if not isinstance(expires, int | float) or isinstance(expires, bool):
        raise WrongCredential("the claim `exp` of the JWT is no number")
    if not isinstance(namespace, str) or not (namespace == ALL or is_namespace(namespace)):
        raise WrongCredential("the JWT has no claim `namespace` with the name of one")
    scopes = _scopes(claims)
    return Principal(f"jwt:{subject}", scopes, namespace, "jwt", expires_at=float(expires))


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    """Of `scope`, names with spaces between (RFC 8693), or a list `scopes`; those of other programs are no matter here."""
    given = claims.get("scope", claims.get("scopes", ""))
    names = given.split() if isinstance(given, str) else given
    if not isinstance(names, list):
        raise WrongCredential("the scopes of the JWT are neither a text nor a list")
    return frozenset(name for name in names if isinstance(name, str) and name in SCOPES)

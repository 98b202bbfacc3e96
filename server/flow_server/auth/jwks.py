"""The public keys of an issuer (RFC 7517), fetched from its URL and kept for a while. Used from threads."""

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flow_server.auth.wrong import WrongCredential

if TYPE_CHECKING:
    from jwt import PyJWK
    from urllib3 import BaseHTTPResponse

FRESH = 600.0
"""Seconds after which keys are fetched again when one is asked for."""
PAUSE = 30.0
"""Seconds between two fetches, at least: made-up key ids must not make this server a client that hammers the issuer."""
LARGEST = 256 << 10
"""Bytes of a whole answer."""
MOST = 100
"""Keys of one issuer."""
TIMEOUT = 5.0
ALGORITHMS = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""Each with the kind of key that it takes: what a key is for is told by the key, and never by a token alone."""
RSA_BITS = 2048
_log = logging.getLogger("flow.server")


class Jwks:
    """`fetch` gives the document. An issuer that cannot be reached leaves the keys as they were."""

    def __init__(self, fetch: Callable[[], bytes], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetched: float | None = None
        self._tried: float | None = None

    def key(self, kid: str, algorithm: str) -> "PyJWK":
        """Raises WrongCredential."""
        found = self._keys.get(kid)
        # whoever has a key that is known does not wait for another thread's fetch
        if (found is None or self._is_older(self._fetched, FRESH)) and self._lock.acquire(blocking=found is None):
            try:
                self._refresh(kid)
                found = self._keys.get(kid)
            finally:
                self._lock.release()
        if found is None:
            raise WrongCredential("the issuer has no such key; log in again there")
        if found.algorithm_name != algorithm:
            raise WrongCredential(f"the issuer's key is not one of {algorithm}")
        return found

    def _is_older(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._clock() - moment >= seconds

    def _refresh(self, kid: str) -> None:
        known = kid in self._keys and not self._is_older(self._fetched, FRESH)  # by now, fetched by another thread
        if known or not self._is_older(self._tried, PAUSE):
            return
        self._tried = self._clock()
        try:
            self._keys = keys_of(self._fetch())
            self._fetched = self._clock()
        except (OSError, ValueError) as error:
            _log.error("the keys of FLOW_JWT_JWKS could not be fetched: %s", error)


def keys_of(document: bytes) -> dict[str, "PyJWK"]:
    """Those of them by id that sign with what is allowed; others are left out. Raises ValueError where it is no set of keys."""
    try:
        found = json.loads(document)
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None
    entries = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the answer has no list `keys`")
    made = ((entry["kid"], _key(entry)) for entry in entries[:MOST] if _is_usable(entry))
    return {kid: key for kid, key in made if key is not None}


def _is_usable(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("kid"), str)
        and entry.get("kty") in ALGORITHMS.values()
        and entry.get("use", "sig") == "sig"
        and "d" not in entry
    )


def _key(entry: dict[str, Any]) -> "PyJWK | None":
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    algorithm = next(name for name, kind in ALGORITHMS.items() if kind == entry["kty"])
    if entry.get("alg", algorithm) not in (algorithm, "Ed25519"):
        return None
    try:
        key = PyJWK(entry, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError) as error:
        _log.warning("a key of FLOW_JWT_JWKS is left out: %s", type(error).__name__)
        return None
    return key if _is_strong(entry, key) else None


def _is_strong(entry: dict[str, Any], key: "PyJWK") -> bool:
    if entry["kty"] == "RSA":
        return bool(key.key.key_size >= RSA_BITS)
    return entry.get("crv") in ("P-256", "Ed25519")


def fetched(url: str) -> bytes:
    """The document at a URL; it is not followed elsewhere. Raises OSError."""
    import urllib3

    try:
        with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as pool:
            answer = pool.request("GET", url, redirect=False, preload_content=False)
            try:
                if answer.status != 200:
                    raise OSError(f"it was answered with {answer.status}")
                return _bounded(answer)
            finally:
                answer.close()
    except urllib3.exceptions.HTTPError as error:
        raise OSError(str(error)) from None


def _bounded(answer: "BaseHTTPResponse") -> bytes:
    """The whole body. Raises OSError where it is too large, or takes too long."""
    data, ends = b"", time.monotonic() + 2 * TIMEOUT
    for part in answer.stream(16 << 10, decode_content=False):
        data += part
        if len(data) > LARGEST:
            raise OSError(f"the answer has more than {LARGEST >> 10} KiB")
        if time.monotonic() > ends:
            raise OSError(f"the answer was not there within {2 * TIMEOUT:g} s")
    return data

"""SHA-256 of texts. `hashlib` loads OpenSSL, which takes a tenth of the time of a hello-world; for what is short Python's own code does."""

from contextlib import suppress
from importlib import import_module

_SHORT = 1 << 16
"""Bytes from which on OpenSSL, which is several times faster, is worth its loading."""


def sha256_of(text: str) -> str:
    """64 hexadecimal digits; lone surrogates, as in names of files that are no Unicode, count as they are."""
    data = text.encode("utf-8", "surrogatepass")
    return (_small if len(data) < _SHORT else _large)(data)


def _small(data: bytes) -> str:
    for name in ("_sha2", "_sha256"):  # of Python 3.12 and later, and of 3.11
        with suppress(ImportError):
            digest: str = import_module(name).sha256(data).hexdigest()
            return digest
    return _large(data)


def _large(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()

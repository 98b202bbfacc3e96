"""The same digest whichever code makes it."""

import hashlib

import pytest
from flow_lang.digests import sha256_of


@pytest.mark.parametrize("text", ["", "abc", "größe", "x" * 65_535, "x" * 65_536, "\udcff"])
def test_it_is_that_of_hashlib(text: str) -> None:
    assert sha256_of(text) == hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

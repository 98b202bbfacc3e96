"""The names of kept files in the texts of the state: every value that may lead to one is JSON with its path in it."""

import re
from collections.abc import Iterable
from typing import NamedTuple

MARKS = ("/files/", "/scratch/engine-")
_BLOB = re.compile(r"/files/[0-9a-f]{2}/([0-9a-f]{64})/")
_FOLDER = re.compile(r"/files/folders/([^/\"\\]+)/")
_ENGINE = re.compile(r"/scratch/(engine-\w+)/")


class References(NamedTuple):
    """Digests of files, the places of folders, and the folders of engines that some text names. A path counts wherever its state was."""

    blobs: set[str]
    folders: set[str]
    engines: set[str]


def references(texts: Iterable[str]) -> References:
    found = References(set(), set(), set())
    for text in texts:
        for pattern, names in zip((_BLOB, _FOLDER, _ENGINE), found, strict=True):
            names.update(pattern.findall(text))
    return found

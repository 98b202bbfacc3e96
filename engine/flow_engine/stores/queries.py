"""Named queries from .sql files: `-- name: x` starts one. SQL stands in files of its own and is read once."""

import os
from functools import cache

_FOLDER = os.path.join(os.path.dirname(__file__), "sql")


def load(*files: str) -> dict[str, str]:
    """The queries of these files in the sql folder, by name."""
    found = {}
    for file in files:
        with open(os.path.join(_FOLDER, file), encoding="utf-8") as stream:
            parts = stream.read().split("-- name: ")
        named = (part.partition("\n") for part in parts[1:])
        found.update({name.strip(): body.strip() for name, _, body in named})
    return found


@cache
def known_version(folder: str = "migrations") -> int:
    """The version of a state that this Flow writes: the number of its migrations, as they were when this process began."""
    return len(os.listdir(os.path.join(_FOLDER, folder)))


def migrations(folder: str = "migrations") -> list[str]:
    """The texts of all migrations, in order; number n brings a state from version n - 1 to n."""
    texts = []
    for name in sorted(os.listdir(os.path.join(_FOLDER, folder))):
        with open(os.path.join(_FOLDER, folder, name), encoding="utf-8") as stream:
            texts.append(stream.read())
    return texts

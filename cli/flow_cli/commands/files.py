"""Which flow files a command is about."""

import os

from flow_cli import exits
from flow_cli.failure import CommandError


def flow_files(paths: list[str]) -> list[str]:
    """The files named, and every .flow file below the folders named."""
    found: list[str] = []
    for path in paths or ["."]:
        if not os.path.isdir(path):
            found.append(path)
            continue
        below = [
            os.path.join(folder, name)
            for folder, folders, names in os.walk(path)
            for name in names
            if name.endswith(".flow") and not _hidden(folder, path) and folders is not None
        ]
        if not below:
            raise CommandError(exits.USAGE, "no_files", f"{path} holds no .flow file")
        found += sorted(below)
    return found


def _hidden(folder: str, below: str) -> bool:
    return any(
        part.startswith(".") or part == "node_modules"
        for part in os.path.relpath(folder, below).split(os.sep)
        if part != "."
    )

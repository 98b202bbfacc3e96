"""Two hosts on one state: each with a state folder of its own, for its logs, files and scratch, and one database.

The database is SQLite's, which both folders name; what differs from host to host is everything else.
"""

from collections.abc import Mapping
from pathlib import Path

from support.command import Project


class Host(Project):
    """`storage`: FLOW_STORAGE. `more`: what its environment has besides."""

    def __init__(self, folder: Path, home: Path, storage: str, more: Mapping[str, str]) -> None:
        super().__init__(folder)
        self.home = home
        self.storage = storage
        self._more = dict(more)

    def environment(self) -> dict[str, str]:
        return {**super().environment(), **self._more, "FLOW_STORAGE": self.storage}


def two_hosts(folder: Path, storage: str, more: Mapping[str, str] | None = None) -> tuple[Host, Host]:
    """Both work in one folder of flow files, as hosts with the same checkout do."""
    project, first, second = folder / "project", folder / "host-a", folder / "host-b"
    for home in (first, second):
        home.mkdir()
    (first / "engines").mkdir()
    (second / "engines").symlink_to(first / "engines")
    (second / "flow.db").symlink_to(first / "flow.db")
    return Host(project, first, storage, more or {}), Host(project, second, storage, more or {})

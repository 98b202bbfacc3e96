"""What an error of SQLite means for people: the file, what is wrong with it, and the remedy."""

import os
import sqlite3

from flow_engine.errors import StoreError

_ANOTHER = "or set FLOW_HOME to another folder"
UNREADABLE = f"make it a file that this user may read and write, {_ANOTHER}"
_REMEDIES = {
    sqlite3.SQLITE_FULL: "free some space on the disk of {folder}, and go on",
    sqlite3.SQLITE_READONLY: f"make {{folder}} and all in it writable for this user, {_ANOTHER}",
    sqlite3.SQLITE_CANTOPEN: f"make {{folder}} a folder that this user may read and write, {_ANOTHER}",
    sqlite3.SQLITE_PERM: f"make {{folder}} and all in it writable for this user, {_ANOTHER}",
    sqlite3.SQLITE_NOTADB: f"it is damaged or of another program: put a backup of {{folder}} in its place, {_ANOTHER}",
    sqlite3.SQLITE_CORRUPT: f"it is damaged: put a backup of {{folder}} in its place, {_ANOTHER}",
    sqlite3.SQLITE_BUSY: "another process has held it for too long; end that one, and go on",
    sqlite3.SQLITE_IOERR: "look at the disk of {folder} (is there space, is it still there, does it say errors?), and go on",
    sqlite3.SQLITE_ERROR: f"it is damaged or of another program: put a backup of {{folder}} in its place, {_ANOTHER}",
}


def trouble(path: str, what: str, error: sqlite3.Error) -> StoreError:
    """`what`: what could not be done to the state at `path`, as in "written"."""
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    remedy = _REMEDIES.get(primary, f"put a backup of {{folder}} in its place, {_ANOTHER}")
    folder = os.path.dirname(path) or path
    return StoreError(f"the state {path} could not be {what}: {error}; {remedy.format(folder=folder)}")


def path_of(connection: sqlite3.Connection) -> str:
    """The file of a connection, also where it cannot be read; ":memory:" where there is none."""
    try:
        return (
            next((str(file) for _, name, file in connection.execute("PRAGMA database_list") if name == "main"), "")
            or ":memory:"
        )
    except sqlite3.Error:
        return "flow.db"  # closed, or too damaged to name itself

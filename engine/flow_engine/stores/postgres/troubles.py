"""What an error of PostgreSQL means: for the session, whether to go on after it; for people, what is wrong, and the remedy."""

import psycopg

from flow_engine.errors import StoreError, UnfitData
from flow_engine.stores.postgres.address import shown

WRONG_ROWS = "FL001"
"""Raised by our own `expect_rows`: another worker has changed what this one was about to."""
UNDEFINED = ("42P01", "3F000")
"""There is no such table or schema."""
_LOST = ("57P01", "57P02", "57P03", "57P05", "25P03", "25P04")
"""The server ends the connection: it shuts down, has crashed, starts, or has waited for too long."""
_BUSY = ("53300",)
_COLLISIONS = ("40001", "40P01")
"""Serialization, deadlock."""
STALE = ("26000", "0A000")
"""A statement that was prepared is gone, or gives other columns since a migration: it is prepared anew."""
_KEY = "run_idempotency"
"""The constraint that says that another transaction has just taken a key."""
_LIBPQ = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "does not exist": "3D000",
    "the database system is": "57P03",
    "too many clients": "53300",
    "remaining connection slots": "53300",
}
"""An error while connecting has no code, only the server's words (in English where the server speaks it)."""
_REMEDIES = {
    "28": "give the right user and password in the URL, PGPASSWORD or ~/.pgpass, and let the server's pg_hba.conf admit that user",
    "3D000": "make it with `createdb`, or name another one in the URL",
    "25006": "it is a replica, or was made read-only: name the primary server in the URL, or end default_transaction_read_only",
    "42501": "give this user the right to CREATE in the database and to use the schema `flow`",
    "53100": "free some space on the disk of the server, and go on",
    "53200": "the server has no memory left: give it some, and go on",
    "53300": "raise max_connections of the server, or run fewer workers",
    "53400": "raise the limit that the message names, and go on",
    "55P03": "another transaction has held it for too long: look for it in pg_stat_activity and end it, and go on",
    "22": "a value cannot be kept as it is: remove what PostgreSQL refuses (a NUL in a text, say)",
    "42": "the schema `flow` was changed by hand: put a backup of the database in its place",
    "58": "look at the disk of the server (is there space, is it still there, does its log say errors?), and go on",
    "XX": "the database is damaged: look at the server's log, and put a backup in its place",
}


def code_of(error: psycopg.Error) -> str:
    """The SQLSTATE; "08006" where the connection itself has failed."""
    if error.sqlstate:
        return error.sqlstate
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return next((code for text, code in _LIBPQ.items() if text in str(error)), "08006")
    return ""


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection has ended, or could not be made, for a reason that passes."""
    code = code_of(error)
    return code.startswith("08") or code in _LOST or code in _BUSY


def is_collision(error: psycopg.Error) -> bool:
    """Whether the same transaction may go well another time."""
    return code_of(error) in (*_COLLISIONS, *STALE) or error.diag.constraint_name == _KEY


def trouble(url: str, what: str, error: BaseException) -> StoreError:
    """`what`: what could not be done with the state at `url`, as in "written"."""
    said = " ".join(str(error).split())
    code = code_of(error) if isinstance(error, psycopg.Error) else ""
    remedy = _REMEDIES.get(code) or _REMEDIES.get(code[:2], "look at the server's log")
    kind = UnfitData if code.startswith("22") else StoreError
    return kind(f"the state {shown(url)} could not be {what}: {said}; {remedy}")


def unreachable(url: str, error: BaseException, waited: float) -> StoreError:
    said = " ".join(str(error).split())
    how_long = f" for {waited:.0f} s" if waited >= 1 else ""
    code = code_of(error) if isinstance(error, psycopg.Error) else ""
    remedy = _REMEDIES.get(code, "start that server, or name another one in the URL")
    return StoreError(f"the state {shown(url)} could not be reached{how_long}: {said}; {remedy}")

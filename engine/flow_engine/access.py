"""Who may do what, as a store keeps it: personal tokens, sessions of the pages, and the audit log. Of secrets only digests are here.

Times are seconds since the epoch. A namespace is its name, or ALL.
"""

import re
from collections.abc import Sequence
from typing import Protocol

from flow_lang.named import NamedTuple

ALL = "*"
"""In place of a namespace: every one."""
DEFAULT = "default"
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def is_namespace(text: str) -> bool:
    """Lower-case letters, digits and hyphens, at most 63. The ids of schedules part it from a name by a slash, which it cannot hold."""
    return _NAMESPACE.fullmatch(text) is not None


class TokenRecord(NamedTuple):
    """A personal token. `created_by` is the subject that made it."""

    id: str
    name: str
    namespace: str
    digest: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: float
    expires_at: float | None = None
    last_used_at: float | None = None
    revoked_at: float | None = None


class SessionRecord(NamedTuple):
    """A session of the pages. `token`: the id of the personal token that opened it, which ends with that token; "" where there is none."""

    digest: str
    subject: str
    scopes: tuple[str, ...]
    namespace: str
    token: str
    created_at: float
    expires_at: float


class AuditEntry(NamedTuple):
    """`subject` did `action` to `target`, and was answered with `status`. `way`: how the subject was known, "" where it was not. `namespace`:
    that of the request. `number` orders entries and is given by the store."""

    at: float
    subject: str
    way: str
    namespace: str
    address: str
    action: str
    target: str
    status: int
    request: str
    detail: str = ""
    number: int = 0


class AuditFilter(NamedTuple):
    """`before`: the number of an entry; only older ones (the cursor of a page)."""

    namespace: str = ALL
    subject: str | None = None
    before: int | None = None
    limit: int = 100


class Access(Protocol):
    """Raises StoreError."""

    def namespaces(self) -> list[str]:
        """Those of runs, deployed workflows, and rules by which people are told."""
        ...

    def keep_token(self, token: TokenRecord) -> None: ...

    def tokens(self, namespace: str = ALL) -> list[TokenRecord]:
        """Newest first, also those that have ended."""
        ...

    def token(self, digest: str) -> TokenRecord | None:
        """Also where it has ended."""
        ...

    def token_used(self, id_: str, now: float) -> None: ...

    def revoke_token(self, id_: str, namespace: str, now: float) -> bool:
        """With the sessions that it opened. False where there is none of this namespace that still holds."""
        ...

    def keep_session(self, session: SessionRecord) -> None: ...

    def session(self, digest: str, now: float) -> SessionRecord | None:
        """None where it has ended, or the token that opened it."""
        ...

    def end_session(self, digest: str) -> None: ...

    def note(self, entries: Sequence[AuditEntry]) -> None:
        """All in one transaction. Nothing changes an entry; `prune` removes old ones."""
        ...

    def audit(self, filter_: AuditFilter) -> list[AuditEntry]:
        """Newest first."""
        ...

    def prune(self, audit_before: float, now: float) -> int:
        """Removes entries that are older, and sessions that have ended: how many entries."""
        ...

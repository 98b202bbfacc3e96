"""Tokens, sessions and the audit log of a store in memory."""

from collections.abc import Callable, Iterable, Sequence

from flow_engine.access import ALL, AuditEntry, AuditFilter, SessionRecord, TokenRecord


class MemoryAccess:
    """`namespaces` gives those of what the store has."""

    def __init__(self, namespaces: Callable[[], Iterable[str]]) -> None:
        self._namespaces = namespaces
        self._tokens: dict[str, TokenRecord] = {}
        self._sessions: dict[str, SessionRecord] = {}
        self._audit: list[AuditEntry] = []
        self._noted = 0

    def namespaces(self) -> list[str]:
        return sorted(set(self._namespaces()))

    def keep_token(self, token: TokenRecord) -> None:
        self._tokens[token.id] = token

    def tokens(self, namespace: str = ALL) -> list[TokenRecord]:
        found = [token for token in self._tokens.values() if namespace in (ALL, token.namespace)]
        return sorted(found, key=lambda token: (token.created_at, token.id), reverse=True)

    def token(self, digest: str) -> TokenRecord | None:
        return next((token for token in self._tokens.values() if token.digest == digest), None)

    def token_used(self, id_: str, now: float) -> None:
        token = self._tokens.get(id_)
        if token is not None:
            self._tokens[id_] = token._replace(last_used_at=max(token.last_used_at or now, now))

    def revoke_token(self, id_: str, namespace: str, now: float) -> bool:
        token = self._tokens.get(id_)
        if token is None or token.revoked_at is not None or namespace not in (ALL, token.namespace):
            return False
        self._tokens[id_] = token._replace(revoked_at=now)
        self._sessions = {digest: one for digest, one in self._sessions.items() if one.token != id_}
        return True

    def keep_session(self, session: SessionRecord) -> None:
        self._sessions[session.digest] = session

    def session(self, digest: str, now: float) -> SessionRecord | None:
        found = self._sessions.get(digest)
        if found is None or found.expires_at <= now:
            return None
        token = self._tokens.get(found.token)
        holds = not found.token or (token is not None and token.revoked_at is None)
        return found if holds else None

    def end_session(self, digest: str) -> None:
        self._sessions.pop(digest, None)

    def note(self, entries: Sequence[AuditEntry]) -> None:
        for entry in entries:
            self._noted += 1
            self._audit.append(entry._replace(number=self._noted))

    def audit(self, filter_: AuditFilter) -> list[AuditEntry]:
        found = [entry for entry in reversed(self._audit) if _passes(entry, filter_)]
        return found[: filter_.limit]

    def prune(self, audit_before: float, now: float) -> int:
        self._sessions = {digest: one for digest, one in self._sessions.items() if one.expires_at >= now}
        kept = [entry for entry in self._audit if entry.at >= audit_before]
        removed, self._audit = len(self._audit) - len(kept), kept
        return removed


def _passes(entry: AuditEntry, filter_: AuditFilter) -> bool:
    if filter_.namespace not in (ALL, entry.namespace) or filter_.subject not in (None, entry.subject):
        return False
    return filter_.before is None or entry.number < filter_.before

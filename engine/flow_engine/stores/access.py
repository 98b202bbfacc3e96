"""Tokens, sessions and the audit log in SQL; the statements of access.sql are those of both dialects."""

from collections.abc import Sequence
from typing import Any

from flow_engine.access import ALL, AuditEntry, AuditFilter, SessionRecord, TokenRecord
from flow_engine.stores.tables import Tables

FILE = "access.sql"


class SqlAccess(Tables):
    def namespaces(self) -> list[str]:
        return [name for (name,) in self._rows("namespaces", "", ())]

    def keep_token(self, token: TokenRecord) -> None:
        of = (token.id, token.name, token.namespace, token.digest, " ".join(token.scopes))
        self._write(("keep_token", (*of, token.created_by, token.created_at, token.expires_at)))

    def tokens(self, namespace: str = ALL) -> list[TokenRecord]:
        where = ("WHERE namespace = ? ", (namespace,)) if namespace != ALL else ("", ())
        rows = self._rows("token_columns", where[0] + "ORDER BY created_at DESC, id DESC", where[1])
        return [_token(row) for row in rows]

    def token(self, digest: str) -> TokenRecord | None:
        return next((_token(row) for row in self._rows("token_columns", "WHERE digest = ?", (digest,))), None)

    def token_used(self, id_: str, now: float) -> None:
        self._write(("token_used", (now, id_)))

    def revoke_token(self, id_: str, namespace: str, now: float) -> bool:
        """Sessions look at their token, so that what is left of them for a moment holds nothing."""
        revoked = bool(self._write(("revoke_token", (now, id_, namespace)))[0])
        if revoked:
            self._write(("end_sessions_of", (id_,)))
        return revoked

    def keep_session(self, session: SessionRecord) -> None:
        digest, subject, scopes, *rest = session
        self._write(("keep_session", (digest, subject, " ".join(scopes), *rest)))

    def session(self, digest: str, now: float) -> SessionRecord | None:
        for digest_, subject, scopes, *rest in self._rows("session", "", (digest, now)):
            return SessionRecord(digest_, subject, _scopes(scopes), *rest)
        return None

    def end_session(self, digest: str) -> None:
        self._write(("end_session", (digest,)))

    def note(self, entries: Sequence[AuditEntry]) -> None:
        if entries:
            self._write(*(("note", entry[:-1]) for entry in entries))

    def audit(self, filter_: AuditFilter) -> list[AuditEntry]:
        clauses: list[tuple[str, Any]] = [("namespace = ?", filter_.namespace)] if filter_.namespace != ALL else []
        clauses += [("subject = ?", filter_.subject)] if filter_.subject is not None else []
        clauses += [("id < ?", filter_.before)] if filter_.before is not None else []
        where = f"WHERE {' AND '.join(clause for clause, _ in clauses)} " if clauses else ""
        values = [*(value for _, value in clauses), filter_.limit]
        return [AuditEntry(*row) for row in self._rows("audit_columns", where + "ORDER BY id DESC LIMIT ?", values)]

    def prune(self, audit_before: float, now: float) -> int:
        self._write(("prune_sessions", (now,)))
        return len(self._write(("prune_audit", (audit_before,)))[0])


def _token(row: Sequence[Any]) -> TokenRecord:
    id_, name, namespace, digest, scopes, *rest = row
    return TokenRecord(id_, name, namespace, digest, _scopes(scopes), *rest)


def _scopes(text: str) -> tuple[str, ...]:
    return tuple(text.split())

"""Tokens, sessions and the audit log, as every store keeps them."""

from flow_engine.access import ALL, AuditEntry, AuditFilter, SessionRecord, TokenRecord
from support.world import World

TOKEN = TokenRecord("t1", "ci", "a", "d1", ("read", "run"), "admin", 10.0, 99.0)


def entry(at: float, subject: str = "ada", namespace: str = "a") -> AuditEntry:
    return AuditEntry(at, subject, "token", namespace, "127.0.0.1", "POST /api/v1/runs", "01abc", 201, "r1", "x")


def test_a_token_is_found_by_its_digest_and_listed_by_its_namespace(world: World) -> None:
    access = world.store.access
    access.keep_token(TOKEN)
    access.keep_token(TOKEN._replace(id="t2", digest="d2", namespace=ALL, scopes=(), created_at=11.0, expires_at=None))
    assert access.token("d1") == TOKEN
    assert access.token("d3") is None
    assert [token.id for token in access.tokens()] == ["t2", "t1"]
    assert [token.id for token in access.tokens("a")] == ["t1"]
    access.token_used("t1", 50.0)
    access.token_used("t1", 40.0)
    found = access.token("d1")
    assert found is not None
    assert found.last_used_at == 50.0


def test_a_token_is_revoked_once_and_in_its_namespace_alone(world: World) -> None:
    access = world.store.access
    access.keep_token(TOKEN)
    access.keep_session(SessionRecord("s1", "ada", ("read",), "a", "t1", 10.0, 99.0))
    assert not access.revoke_token("t1", "b", 20.0)
    assert access.session("s1", 20.0) is not None
    assert access.revoke_token("t1", "a", 20.0)
    assert not access.revoke_token("t1", ALL, 21.0)
    assert access.session("s1", 20.0) is None
    assert [token.revoked_at for token in access.tokens()] == [20.0]


def test_a_session_holds_until_it_ends(world: World) -> None:
    access = world.store.access
    session = SessionRecord("s1", "ada", ("read", "run"), "a", "", 10.0, 99.0)
    access.keep_session(session)
    access.keep_session(session._replace(digest="s2", token="gone"))
    assert access.session("s1", 98.0) == session
    assert access.session("s1", 99.0) is None
    assert access.session("s2", 20.0) is None, "its token is not there"
    access.end_session("s1")
    assert access.session("s1", 20.0) is None


def test_the_audit_log_is_read_in_pages_and_loses_only_what_is_old(world: World) -> None:
    access = world.store.access
    access.note([entry(1.0), entry(2.0, "bob"), entry(3.0, namespace="b")])
    access.note([])
    every = access.audit(AuditFilter())
    assert [found.at for found in every] == [3.0, 2.0, 1.0]
    assert every[0] == entry(3.0, namespace="b")._replace(number=every[0].number)
    assert [found.at for found in access.audit(AuditFilter(namespace="a", subject="ada"))] == [1.0]
    assert [found.at for found in access.audit(AuditFilter(before=every[0].number, limit=1))] == [2.0]
    assert access.prune(2.5, 5.0) == 2
    assert [found.at for found in access.audit(AuditFilter())] == [3.0]
    access.note([entry(4.0)])
    assert access.audit(AuditFilter())[0].number > every[0].number

"""JWTs, hostile ones first."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flow_runtime.state_folder import StateFolder
from flow_server.app import create_app
from flow_server.auth import jwks
from flow_server.auth.jwks import Jwks, fetched, keys_of
from flow_server.auth.jwts import LONGEST, Verifier
from flow_server.auth.settings import JwtSettings
from flow_server.auth.wrong import WrongCredential
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.testclient import TestClient
from support.service import Reply, service

from .conftest import TOKEN

KEY = "a-key-of-at-least-thirty-two-bytes-for-tests"
RSA = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)
EC = ec.generate_private_key(ec.SECP256R1())
EC384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()
SETTINGS = JwtSettings(KEY, "https://issuer.example/keys", "flow", "https://issuer.example")


def claims(**other: Any) -> dict[str, Any]:
    made = {
        "sub": "ada",
        "aud": "flow",
        "iss": "https://issuer.example",
        "exp": int(time.time()) + 600,
        "namespace": "team-a",
        "scope": "openid read run",
        **other,
    }
    return {name: value for name, value in made.items() if value is not None}


def public(algorithm: Any, key: Any, kid: str, **other: Any) -> dict[str, Any]:
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **other}


def document(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


KEYS = document(
    public(RSAAlgorithm, RSA, "rsa", use="sig", alg="RS256"),
    public(ECAlgorithm, EC, "ec"),
    public(OKPAlgorithm, ED, "ed"),
    public(RSAAlgorithm, WEAK, "weak"),
    public(ECAlgorithm, EC384, "other-curve"),
    public(RSAAlgorithm, RSA, "for-encryption", use="enc"),
    public(RSAAlgorithm, RSA, "other-algorithm", alg="RS512"),
    {"kty": "oct", "kid": "symmetric", "k": base64.urlsafe_b64encode(KEY.encode()).decode()},
    {"kty": "RSA", "kid": "broken", "n": "AQAB"},
)


def hs256(payload: Any = None, key: str = KEY, **header: Any) -> str:
    return jwt.encode(claims() if payload is None else payload, key, "HS256", header)


def signed(key: Any, algorithm: str, kid: str | None, payload: dict[str, Any] | None = None) -> str:
    return jwt.encode(payload or claims(), key, algorithm, {"kid": kid} if kid is not None else None)


def raw(header: Any, payload: Any, key: bytes = KEY.encode()) -> str:
    """Signed with HMAC-SHA256, whatever the header says; what no library would make."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.new(key, text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def by_hand(key: rsa.RSAPrivateKey, header: dict[str, Any]) -> str:
    """Signed with a key that no library would take."""
    text = raw(header, claims()).rpartition(".")[0].encode()
    signature = key.sign(text, PKCS1v15(), SHA256())
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def verifier(settings: JwtSettings = SETTINGS, fetch: Callable[[], bytes] = lambda: KEYS) -> Verifier:
    return Verifier(settings, Jwks(fetch))


@pytest.fixture(scope="module")
def known() -> Verifier:
    return verifier()


PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
NOW = int(time.time())
HOSTILE = {
    "no algorithm": raw({"alg": "none"}, claims()).rpartition(".")[0] + ".",
    "none, in other letters": raw({"alg": "NoNe"}, claims()),
    "another HMAC": jwt.encode(claims(), KEY * 2, "HS512"),
    "another RSA": signed(RSA, "RS512", "rsa"),
    "an algorithm that is a list": raw({"alg": ["HS256"]}, claims()),
    "no algorithm named": raw({"typ": "JWT"}, claims()),
    "another key": hs256(key="another-key-of-at-least-thirty-two-bytes"),
    "another RSA key": signed(rsa.generate_private_key(65537, 2048), "RS256", "rsa"),
    "HS256 with the public key as its secret": raw({"alg": "HS256", "kid": "rsa"}, claims(), PEM),
    "HS256 with the public key of the document": raw({"alg": "HS256", "kid": "rsa"}, claims(), KEYS),
    "RS256 signed with the HMAC key": raw({"alg": "RS256", "kid": "rsa"}, claims()),
    "a symmetric key in the document": raw({"alg": "RS256", "kid": "symmetric"}, claims()),
    "the key of another algorithm": signed(EC, "ES256", "rsa"),
    "a weak key": by_hand(WEAK, {"alg": "RS256", "kid": "weak"}),
    "another curve": signed(EC384, "ES384", "other-curve"),
    "a key that is for encryption": signed(RSA, "RS256", "for-encryption"),
    "a key for another algorithm": signed(RSA, "RS256", "other-algorithm"),
    "no key named": signed(RSA, "RS256", None),
    "a key that is a path": signed(RSA, "RS256", "../../../../dev/null"),
    "a key that is a URL": signed(RSA, "RS256", "https://evil.example/keys"),
    "a key that is a query": signed(RSA, "RS256", "x' UNION SELECT 'a"),
    "a key with a very long name": signed(RSA, "RS256", "k" * 3000),
    "a key that is a number": raw({"alg": "RS256", "kid": 1}, claims()),
    "a key that is an object": raw({"alg": "RS256", "kid": {}}, claims()),
    "a key of its own beside it": by_hand(
        WEAK, {"alg": "RS256", "kid": "rsa", "jwk": public(RSAAlgorithm, WEAK, "rsa")}
    ),
    "the address of keys of its own": by_hand(WEAK, {"alg": "RS256", "kid": "rsa", "jku": "https://evil.example"}),
    "a header that must be understood": hs256(crit=["b64"], b64=False),
    "expired": hs256(claims(exp=NOW - 60)),
    "expired long ago": hs256(claims(exp=0)),
    "without an end": hs256(claims(exp=None)),
    "an end that is a text": raw({"alg": "HS256"}, claims(exp=str(NOW + 600))),
    "an end that is true": raw({"alg": "HS256"}, claims(exp=True)),
    "an end that is a list": raw({"alg": "HS256"}, claims(exp=[NOW + 600])),
    "an end that is infinite": raw({"alg": "HS256"}, json.dumps(claims(exp=float("inf"))).encode()),
    "an end that is no number": raw({"alg": "HS256"}, json.dumps(claims(exp=float("nan"))).encode()),
    "not valid yet": hs256(claims(nbf=NOW + 600)),
    "made in the future": hs256(claims(iat=NOW + 600)),
    "another audience": hs256(claims(aud="other")),
    "without an audience": hs256(claims(aud=None)),
    "an audience that is a number": raw({"alg": "HS256"}, claims(aud=1)),
    "audiences that are numbers": raw({"alg": "HS256"}, claims(aud=[1, "flow"])),
    "another issuer": hs256(claims(iss="https://evil.example")),
    "without an issuer": hs256(claims(iss=None)),
    "without a subject": hs256(claims(sub=None)),
    "an empty subject": hs256(claims(sub="")),
    "a subject of several lines": hs256(claims(sub="a\nb")),
    "a subject that is a number": raw({"alg": "HS256"}, claims(sub=1)),
    "without a namespace": hs256(claims(namespace=None)),
    "a namespace that is a path": hs256(claims(namespace="../b")),
    "a namespace that is a list": hs256(claims(namespace=["a", "b"])),
    "scopes that are a number": hs256(claims(scope=7)),
    "huge": hs256(claims(more="x" * LONGEST)),
    "claims that are a list": raw({"alg": "HS256"}, [1]),
    "a header that is a list": raw([1], claims()),
    "deep claims": raw({"alg": "HS256"}, b"[" * 5000),
    "no JSON": raw({"alg": "HS256"}, b"\xff\xfe"),
    "no base64": "a.b.c",
    "no parts": "..",
    "without its signature": hs256().rpartition(".")[0] + ".",
    "a changed claim": ".".join([hs256().split(".")[0], hs256(claims(sub="eve")).split(".")[1], hs256().split(".")[2]]),
}


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_token_is_refused(known: Verifier, token: str) -> None:
    with pytest.raises(WrongCredential) as refused:
        known.principal(token)
    claimed = token.split(".")[1]
    assert len(claimed) < 10 or claimed not in str(refused.value)


def test_each_of_them_is_answered_with_401_and_no_defect(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FLOW_JWT_KEY", KEY)
    monkeypatch.setenv("FLOW_JWT_JWKS", "http://127.0.0.1:9/keys")
    monkeypatch.setenv("FLOW_JWT_AUDIENCE", "flow")
    monkeypatch.setenv("FLOW_JWT_ISSUER", "https://issuer.example")
    monkeypatch.setattr("flow_server.auth.credentials.WRONG_BURST", 1000.0)
    with TestClient(create_app(state, TOKEN)) as client:
        for name, token in HOSTILE.items():
            answer = client.get("/api/v1/runs", headers={"Authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.json()["type"]) == (401, "urn:flow:problem:unauthorized"), name
        good = {"Authorization": f"Bearer {hs256()}"}
        assert client.get("/api/v1/runs", headers=good).status_code == 200
        assert client.get("/api/v1/audit", headers=good).status_code == 403
        entries = client.get("/api/v1/audit?limit=1000", headers={"Authorization": f"Bearer {TOKEN}"}).text
        assert client.post("/login", data={"token": hs256()}, follow_redirects=False).status_code == 303
    assert KEY not in entries + caplog.text
    assert HOSTILE["expired"] not in entries + caplog.text


@pytest.mark.parametrize(
    "token",
    [hs256(), signed(RSA, "RS256", "rsa"), signed(EC, "ES256", "ec"), signed(ED, "EdDSA", "ed")],
    ids=["HS256", "RS256", "ES256", "EdDSA"],
)
def test_a_good_token_tells_who_where_and_what(known: Verifier, token: str) -> None:
    found = known.principal(token)
    assert (found.subject, found.namespace, found.scopes) == ("jwt:ada", "team-a", {"read", "run"})
    assert found.expires_at is not None


def test_claims_that_are_written_otherwise(known: Verifier) -> None:
    assert known.principal(hs256(claims(scope=None, scopes=["read", 1, "root"]))).scopes == {"read"}
    assert known.principal(hs256(claims(scope=None))).scopes == frozenset()
    assert known.principal(hs256(claims(aud=["other", "flow"], namespace="*"))).sees_all


def test_only_what_is_configured_is_accepted() -> None:
    only_hs = Verifier(SETTINGS._replace(jwks=""))
    with pytest.raises(WrongCredential, match="not accepted"):
        only_hs.principal(signed(RSA, "RS256", "rsa"))
    with pytest.raises(WrongCredential, match="not accepted"):
        verifier(SETTINGS._replace(key="")).principal(hs256())
    no_issuer = verifier(SETTINGS._replace(issuer=""))
    assert no_issuer.principal(hs256(claims(iss="https://any.example"))).subject == "jwt:ada"


def test_keys_are_rotated_and_made_up_ones_do_not_hammer_the_issuer() -> None:
    now, asked, answers = [1000.0], [0], [document(public(RSAAlgorithm, RSA, "old"))]

    def fetch() -> bytes:
        asked[0] += 1
        if not answers[0]:
            raise OSError("down")
        return answers[0]

    keys = Jwks(fetch, lambda: now[0])
    keys.key("old", "RS256")
    keys.key("old", "RS256")
    assert asked == [1]
    for made_up in range(50):
        with pytest.raises(WrongCredential):
            keys.key(f"made-up-{made_up}", "RS256")
    assert asked == [1], "it was fetched just now"
    now[0] += jwks.PAUSE
    answers[0] = document(public(RSAAlgorithm, RSA, "new"))
    keys.key("new", "RS256")
    assert asked == [2]
    with pytest.raises(WrongCredential):
        keys.key("old", "RS256")
    answers[0] = b""
    now[0] += jwks.FRESH
    keys.key("new", "RS256")
    assert asked == [3], "the issuer is down, and what was known goes on"


@pytest.mark.parametrize("wrong", [b"", b"[]", b"{}", b'{"keys": 1}', b"[" * 100_000, b"\xff"])
def test_a_document_that_is_no_set_of_keys(wrong: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says
        keys_of(wrong)


def test_of_a_document_only_good_keys_are_taken() -> None:
    assert set(keys_of(KEYS)) == {"rsa", "ec", "ed"}
    assert keys_of(document()) == {}
    many = document(*(public(ECAlgorithm, EC, str(number)) for number in range(200)))
    assert len(keys_of(many)) == jwks.MOST


def test_keys_are_fetched_over_http_and_nowhere_else() -> None:
    replies = {
        "/keys": Reply(200, KEYS),
        "/moved": Reply(302, headers=(("Location", "/keys"),)),
        "/large": Reply(200, b" " * (jwks.LARGEST + 1)),
        "/missing": Reply(404),
        "/cut": Reply(200, KEYS, cut=True),
    }
    with service(lambda seen: replies[seen.path]) as issuer:
        made = Verifier(SETTINGS._replace(jwks=issuer.url + "/keys"))
        assert made.principal(signed(ED, "EdDSA", "ed")).subject == "jwt:ada"
        assert made.principal(signed(RSA, "RS256", "rsa")).subject == "jwt:ada"
        assert [seen.path for seen in issuer.seen] == ["/keys"]
        for path in ("/moved", "/large", "/missing", "/cut"):
            with pytest.raises(OSError, match=r"answered with|more than|IncompleteRead"):
                fetched(issuer.url + path)
        url = issuer.url
    with pytest.raises(OSError, match="refused"):
        fetched(url + "/keys")

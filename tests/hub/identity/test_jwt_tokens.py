"""Tokens that are accepted, and those that are refused."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from hub.identity.jwt_tokens import InvalidToken, TokenVerifier

SECRET = "a secret of some length, for HS256"
HOUR = timedelta(hours=1)


def signed(algorithm: str = "HS256", key: object = SECRET, **changes: object) -> str:
    claims = {"sub": "7", "exp": datetime.now(UTC) + HOUR, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm)  # type: ignore[arg-type]


def refused(verifier: TokenVerifier, token: str) -> bool:
    with pytest.raises(InvalidToken):
        verifier.verify(token)
    return True


def test_a_token_of_our_own_has_a_subject_and_an_end() -> None:
    verifier = TokenVerifier(SECRET)
    for prefix in ("", "Bearer "):
        claims = verifier.verify(prefix + verifier.issue("7", HOUR))
        assert claims.subject == "7"
        assert timedelta(minutes=59) < claims.expires_at - datetime.now(UTC) <= HOUR


@pytest.mark.parametrize(
    ("claim", "session_id"),
    [(5, 5), (-5, -5), (None, None), ("5", None), (True, None), (5.0, None), (1 << 63, None)],
)
def test_a_token_of_our_own_names_its_session(claim: object, session_id: int | None) -> None:
    assert TokenVerifier(SECRET).verify(signed(parlour_session=claim)).session_id == session_id


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        signed(key="another secret of some length, wrong"),
        signed(exp=datetime.now(UTC) - timedelta(seconds=2)),
        signed(exp=None),
        signed(sub=None),
        signed(nbf=datetime.now(UTC) + HOUR),
        signed(exp=10**30),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiI3IiwiZXhwIjo5OTk5OTk5OTk5fQ.",  # algorithm "none"
        signed(algorithm="HS512", key=SECRET * 2),
        signed()[:-2],
    ],
)
def test_an_invalid_token_is_refused(token: str) -> None:
    assert refused(TokenVerifier(SECRET), token)


def test_clocks_may_differ_by_the_leeway() -> None:
    token = signed(exp=datetime.now(UTC) - timedelta(seconds=5))
    assert refused(TokenVerifier(SECRET), token)
    assert TokenVerifier(SECRET, leeway=30.0).verify(token).subject == "7"


def test_issuer_and_audience_must_be_right_when_they_are_set() -> None:
    verifier = TokenVerifier(SECRET, issuer="us", audience="chat")
    assert verifier.verify(signed(iss="us", aud=["chat", "mail"])).subject == "7"
    assert verifier.verify(verifier.issue("7", HOUR)).subject == "7"
    for claims in ({}, {"iss": "us"}, {"aud": "chat"}, {"iss": "them", "aud": "chat"}):
        assert refused(verifier, signed(**claims))
    assert TokenVerifier(SECRET).verify(signed(aud="anybody")).subject == "7"


def with_public_secret(pem: bytes) -> str:
    """An HS256 token whose secret is a public key (RFC 8725, section 2.1)."""
    signed_part = signed().rpartition(".")[0]
    mac = hmac.digest(pem, signed_part.encode(), "sha256")
    return f"{signed_part}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def make_key(algorithm: str) -> RSAPrivateKey | Ed25519PrivateKey:
    if algorithm == "EdDSA":
        return Ed25519PrivateKey.generate()
    return generate_private_key(65_537, 2_048)


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_tokens_signed_by_the_owner_of_a_configured_public_key_are_accepted(
    algorithm: str, tmp_path: Path
) -> None:
    private, other = make_key(algorithm), make_key(algorithm)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path = tmp_path / "key.pem"
    path.write_bytes(pem)
    verifier = TokenVerifier(SECRET, path)
    assert verifier.verify(signed(algorithm, private)).subject == "7"
    assert verifier.verify(signed()).subject == "7"
    assert refused(verifier, signed(algorithm, other))
    assert refused(TokenVerifier(SECRET), signed(algorithm, private))
    assert refused(verifier, with_public_secret(pem))


def key_set(path: Path, **keys: Any) -> Path:
    """A JWKS file of the public halves, by key id."""
    documents = []
    for key_id, key in keys.items():
        kind = RSAAlgorithm if isinstance(key, RSAPrivateKey) else OKPAlgorithm
        documents.append(kind.to_jwk(key.public_key(), as_dict=True) | {"kid": key_id})
    path.write_text(json.dumps({"keys": documents}))
    return path


def test_the_keys_of_a_jwks_file_are_chosen_by_their_id(tmp_path: Path) -> None:
    rsa, edwards = generate_private_key(65_537, 2_048), Ed25519PrivateKey.generate()
    verifier = TokenVerifier(SECRET, key_set(tmp_path / "keys.json", one=rsa, two=edwards))

    def token(algorithm: str, key: Any, **headers: str) -> str:
        claims = {"sub": "7", "exp": datetime.now(UTC) + HOUR}
        return jwt.encode(claims, key, algorithm=algorithm, headers=headers)

    for good in (
        token("RS256", rsa, kid="one"),
        token("EdDSA", edwards, kid="two"),
        token("HS256", SECRET),
    ):
        assert verifier.verify(good).subject == "7"
    for bad in (
        token("RS256", rsa),  # names neither key
        token("RS256", rsa, kid="two"),
        token("RS256", rsa, kid="three"),
        token("EdDSA", Ed25519PrivateKey.generate(), kid="two"),
        token("PS256", rsa, kid="one"),
    ):
        assert refused(verifier, bad)


def test_the_only_key_of_a_jwks_file_need_not_be_named(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    verifier = TokenVerifier(SECRET, key_set(tmp_path / "keys.json", only=key))
    assert verifier.verify(signed("EdDSA", key)).subject == "7"


@pytest.mark.parametrize(
    "text", ["{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAA"}]}', "{"]
)
def test_a_jwks_file_without_a_usable_key_is_refused_at_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises((jwt.PyJWTError, ValueError)):
        TokenVerifier(SECRET, path)

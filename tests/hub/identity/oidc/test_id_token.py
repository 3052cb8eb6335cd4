"""ID tokens that are accepted, and those that are refused."""

from datetime import UTC, datetime
from typing import Any, Final

import jwt
import pytest
from jwt.warnings import InsecureKeyLengthWarning

from hub.identity.jwt_tokens import InvalidToken
from hub.identity.oidc.id_token import Expected, claims_of, header_of, key_for
from tests.support.oidc.provider import (
    elliptic_key,
    public_jwk,
    rsa_key,
    signed,
    signed_with_public_key,
    unsigned,
)

ISSUER: Final = "https://id.example.org"
EXPECTED: Final = Expected(ISSUER, "hub", "the nonce")
KEYS: Final = [public_jwk(rsa_key(), kid="1", use="sig")]


def seconds() -> int:
    """The time, as tokens contain it."""
    return int(datetime.now(UTC).timestamp())


def claims(**changes: Any) -> dict[str, Any]:
    """Those of a token that is accepted, with changes; None leaves one out."""
    now = seconds()
    made = {
        "iss": ISSUER, "sub": "Sub-1", "aud": "hub", "exp": now + 300, "iat": now,
        "nonce": "the nonce",
    }  # fmt: skip
    return {name: value for name, value in (made | changes).items() if value is not None}


def check(token: str, keys: list[dict[str, Any]] | None = None) -> Any:
    key = key_for(KEYS if keys is None else keys, header_of(token))
    if key is None:
        raise InvalidToken("no key")
    return claims_of(token, key, EXPECTED)


def test_a_valid_token_returns_its_subject() -> None:
    assert check(signed(claims(name="Ann")))["sub"] == "Sub-1"
    assert check(signed(claims(aud=["hub"])))["sub"] == "Sub-1"
    assert check(signed(claims(aud=["hub", "other"], azp="hub")))["sub"] == "Sub-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.example.org/"},
        {"iss": "https://evil.example.org"},
        {"iss": [ISSUER]},
        {"iss": None},
        {"aud": "other"},
        {"aud": "hub2"},
        {"aud": []},
        {"aud": None},
        {"aud": ["hub", "other"]},  # without `azp`, which chooses one of them
        {"aud": ["hub", "other"], "azp": "other"},
        {"azp": "other"},
        {"azp": ["hub"]},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1e400},
        {"iat": None},
        {"iat": 1 << 40},
        {"nbf": 1 << 40},
        {"nonce": "another"},
        {"nonce": ""},
        {"nonce": None},
        {"nonce": ["the nonce"]},
        {"nonce": "the nonc\ud800"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\x00"},
    ],
    ids=str,
)
def test_a_token_with_wrong_claims_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        check(signed(claims(**changes)))


@pytest.mark.parametrize("later", [-59, 59])
def test_the_clock_of_the_provider_may_differ_a_little(later: int) -> None:
    now = seconds()
    assert check(signed(claims(iat=now + later, exp=now + later)))
    with pytest.raises(InvalidToken):
        check(signed(claims(iat=now + 90)))
    with pytest.raises(InvalidToken):
        check(signed(claims(exp=now - 90)))


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_a_key_without_an_algorithm_verifies_every_algorithm_of_its_type(algorithm: str) -> None:
    assert check(signed(claims(), algorithm=algorithm))


def test_a_key_with_an_algorithm_verifies_only_that_one() -> None:
    keys = [public_jwk(rsa_key(), kid="1", alg="RS256")]
    assert check(signed(claims()), keys)
    with pytest.raises(InvalidToken):
        check(signed(claims(), algorithm="PS256"), keys)


def test_an_elliptic_key_verifies_a_token() -> None:
    assert check(signed(claims(), elliptic_key(), "ES256"), [public_jwk(elliptic_key(), kid="1")])


def with_a_shared_secret() -> str:
    return signed(claims(), "a secret of some length, for HS256", "HS256")


def by_somebody_else() -> str:
    return signed(claims(), rsa_key(1))


def with_another_type_of_key() -> str:
    return signed(claims(), elliptic_key(), "ES256")


def changed() -> str:
    head, _, signature = signed(claims()).split(".")
    _, body, _ = signed(claims(sub="Somebody-else")).split(".")
    return f"{head}.{body}.{signature}"


def without_signature() -> str:
    return signed(claims()).rpartition(".")[0] + "."


def that_wants_more() -> str:
    return signed(claims(), crit=["x"], x=1)


@pytest.mark.parametrize(
    "make",
    [
        with_a_shared_secret,
        by_somebody_else,
        with_another_type_of_key,
        changed,
        without_signature,
        that_wants_more,
        lambda: unsigned(claims()),
        lambda: signed_with_public_key(claims()),
        lambda: "",
        lambda: "x.y",
        lambda: "...",
    ],
)
def test_a_token_that_the_provider_did_not_sign_is_refused(make: Any) -> None:
    with pytest.raises(InvalidToken):
        check(make())


def test_a_shared_secret_among_the_keys_verifies_no_token() -> None:
    secret = {"kty": "oct", "kid": "1", "k": "YSBzZWNyZXQgb2Ygc29tZSBsZW5ndGgsIGZvciBIUzI1Ng"}
    with pytest.raises(InvalidToken):
        check(with_a_shared_secret(), [secret])


def test_a_key_that_is_too_short_verifies_no_token() -> None:
    weak = rsa_key(0, 1024)
    with pytest.warns(InsecureKeyLengthWarning):
        token = signed(claims(), weak)
    with pytest.raises(InvalidToken):
        check(token, [public_jwk(weak, kid="1")])


def test_a_key_is_found_by_the_key_id_in_the_token() -> None:
    keys = [public_jwk(rsa_key(1), kid="0"), *KEYS, public_jwk(elliptic_key(), kid="1")]
    assert check(signed(claims()), keys)
    assert key_for(keys, header_of(signed(claims(), kid="2"))) is None


def test_a_token_that_names_no_key_is_checked_with_the_only_one() -> None:
    token = jwt.encode(claims(), rsa_key(), "RS256")
    assert check(token)
    assert check(token, [*KEYS, public_jwk(elliptic_key())])  # of another type
    with pytest.raises(InvalidToken):
        check(token, [*KEYS, public_jwk(rsa_key(1), kid="2")])


def test_a_key_for_encryption_verifies_no_token() -> None:
    assert key_for([KEYS[0] | {"use": "enc"}], header_of(signed(claims()))) is None


@pytest.mark.parametrize("key", [None, 7, "x", [], {}, {"kty": "RSA", "kid": "1"}, {"kty": 7}])
def test_malformed_keys_are_skipped(key: Any) -> None:
    assert check(signed(claims()), [key, *KEYS])

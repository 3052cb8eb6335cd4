"""ID tokens: the provider's statement of which user signed in (OpenID Connect Core, 3.1.3.7).

Guarantees: a token counts only if a key of the provider's signed it with an asymmetric algorithm,
the configured provider issued it, to this hub, for this sign-in, and it has not ended. Must not
know: where tokens and keys come from.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt
from attrs import frozen

from hub.identity.jwt_tokens import InvalidToken

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""None with a shared secret: anybody could sign with a public key as that secret."""
LEEWAY_SECONDS: Final = 60.0  # by which the provider's clock may differ
MAX_SUBJECT_CHARS: Final = 255
_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")


@frozen
class Expected:
    """The values that a token must have.

    Args:
        issuer: the provider's `iss`.
        client_id: this hub, as the provider calls it.
        nonce: the sign-in's.
    """

    issuer: str
    client_id: str
    nonce: str


def header_of(token: str) -> Mapping[str, object]:
    """The header of a token whose signature is not checked yet.

    Raises:
        InvalidToken: it is not a token, or signed with an algorithm that is not accepted.
    """
    try:
        header: Mapping[str, object] = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise InvalidToken(f"{type(error).__name__}: {error}") from None
    if header.get("alg") not in ALGORITHMS:
        raise InvalidToken("its algorithm is not accepted")
    return header


def key_for(keys: Sequence[object], header: Mapping[str, object]) -> jwt.PyJWK | None:
    """The one key of a JWKS document that fits a token's header; None: none does.

    Raises:
        InvalidToken: several keys fit.
    """
    algorithm, key_id = str(header["alg"]), header.get("kid")
    fitting: list[jwt.PyJWK] = []
    for each in keys:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        if each.get("alg", algorithm) != algorithm or key_id not in (None, each.get("kid")):
            continue
        try:
            fitting.append(jwt.PyJWK(each, algorithm))
        except jwt.PyJWTError:
            continue  # a key of another type
    if len(fitting) > 1:
        raise InvalidToken(f"{len(fitting)} keys fit the token")
    return fitting[0] if fitting else None


def claims_of(token: str, key: jwt.PyJWK, expected: Expected) -> Mapping[str, object]:
    """The claims of a token, after its signature and its required claims were checked.

    Raises:
        InvalidToken: it is not accepted.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=expected.client_id,
            issuer=expected.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(_REQUIRED), "enforce_minimum_key_length": True},
        )
    except (jwt.PyJWTError, ValueError, OverflowError, TypeError) as error:
        raise InvalidToken(f"{type(error).__name__}: {error}") from None
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    authorized = claims.get("azp", expected.client_id if len(audiences) == 1 else None)
    if authorized != expected.client_id:
        raise InvalidToken("it was issued to another client")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not _is_same(nonce, expected.nonce):
        raise InvalidToken("it was issued for another sign-in")
    if not 0 < len(claims["sub"]) <= MAX_SUBJECT_CHARS or "\x00" in claims["sub"]:
        raise InvalidToken("its subject is empty, or too long")
    return claims


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())

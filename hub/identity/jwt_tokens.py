"""JSON Web Tokens: the identity of a Socket.IO client.

See docs/dialects/channel_messages.md#authentication.

Guarantees: a token is accepted only if it is signed with the configured key and an algorithm that
fits that key, has a subject and an end, and has not ended. Must not know: users, sockets.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import jwt
from attrs import frozen

from protocol.model import SessionId

_SESSION: Final = "parlour_session"  # a private claim (RFC 7519, section 4.3)
_BIGINT: Final = 1 << 63
_SECRET_ALGORITHMS: Final[tuple[str, ...]] = ("HS256",)
_KEY_ALGORITHMS: Final[tuple[str, ...]] = ("RS256", "ES256", "EdDSA")


class InvalidToken(Exception):
    """The token is not accepted; the text gives the reason, for the log."""


@frozen
class Claims:
    """The claims of a valid token that are used. `session_id`: the session that it was issued for,
    and with which it ends; None: it was issued elsewhere.
    """

    subject: str
    expires_at: datetime
    session_id: SessionId | None = None


class TokenVerifier:
    """Checks tokens.

    Args:
        secret: signs and checks HS256.
        public_key: a PEM or JWKS file; tokens signed with its keys are accepted too.
        leeway: seconds by which clocks may differ.
        issuer: the issuer that a token must name, if set.
        audience: the audience that a token must name, if set.
    """

    def __init__(
        self,
        secret: str,
        public_key: Path | None = None,
        *,
        leeway: float = 0.0,
        issuer: str | None = None,
        audience: str | None = None,
    ) -> None:
        self._secret = secret
        self._keys = None if public_key is None else _read_keys(public_key.read_text())
        self._leeway = leeway
        self._issuer = issuer
        self._audience = audience

    def verify(self, token: str) -> Claims:
        """The claims of a token; a leading `Bearer ` is ignored.

        Raises:
            InvalidToken: it is not accepted.
        """
        token = token.removeprefix("Bearer ").strip()
        key: str | jwt.PyJWK = self._secret
        algorithms = _SECRET_ALGORITHMS
        try:
            header = jwt.get_unverified_header(token)
            if self._keys is not None and header.get("alg") not in _SECRET_ALGORITHMS:
                key, algorithms = _choose(self._keys, header.get("kid")), _KEY_ALGORITHMS
            payload = jwt.decode(
                token,
                key,
                algorithms=list(algorithms),
                leeway=self._leeway,
                issuer=self._issuer,
                audience=self._audience,
                options={"require": ["sub", "exp"], "verify_aud": self._audience is not None},
            )
            ends_at = datetime.fromtimestamp(payload["exp"], UTC)
            return Claims(str(payload["sub"]), ends_at, _session_id(payload.get(_SESSION)))
        except (jwt.PyJWTError, ValueError, OverflowError, OSError, TypeError) as error:
            raise InvalidToken(f"{type(error).__name__}: {error}") from None

    def issue(self, subject: str, lifetime: timedelta, session_id: SessionId | None = None) -> str:
        """A new token, which ends after `lifetime`, and with the session if there is one."""
        claims: dict[str, object] = {"sub": subject, "exp": datetime.now(UTC) + lifetime}
        if session_id is not None:
            claims[_SESSION] = session_id
        if self._issuer is not None:
            claims["iss"] = self._issuer
        if self._audience is not None:
            claims["aud"] = self._audience
        return jwt.encode(claims, self._secret, algorithm=_SECRET_ALGORITHMS[0])


def _session_id(given: object) -> SessionId | None:
    """The session in the claim of a token; None if the value is not one that the hub writes."""
    if isinstance(given, bool) or not isinstance(given, int) or abs(given) >= _BIGINT:
        return None
    return SessionId(given)


def _read_keys(text: str) -> str | Sequence[jwt.PyJWK]:
    """A PEM key as it is, or the keys of a JWKS document (RFC 7517) that tokens may be signed with.

    Raises:
        jwt.PyJWTError: there is no such key in the document.
    """
    if not text.lstrip().startswith("{"):
        return text
    keys = [
        key for key in jwt.PyJWKSet.from_json(text).keys if key.algorithm_name in _KEY_ALGORITHMS
    ]
    if not keys:
        raise jwt.PyJWKSetError(f"no key for any of {', '.join(_KEY_ALGORITHMS)}")
    return keys


def _choose(keys: str | Sequence[jwt.PyJWK], key_id: object) -> str | jwt.PyJWK:
    """The key that a token names; one that names none is checked with the only one there is."""
    if isinstance(keys, str):
        return keys
    fitting = [key for key in keys if key_id is None or key.key_id == key_id]
    if len(fitting) != 1:
        raise InvalidToken(f"{len(fitting)} keys fit the token")
    return fitting[0]

"""Signed session cookies as express-session writes them.

See docs/dialects/README.md#cookie-connectsid. Guarantees: a value with a wrong signature, or none,
is never accepted; comparison takes constant time. Must not know: where sessions are kept, the time,
randomness.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import quote, unquote

COOKIE = "connect.sid"


def sign(sid: str, secret: str) -> str:
    """The cookie's value for a session id: `s:<sid>.<signature>`, percent-encoded."""
    return quote(f"s:{sid}.{_signature(sid, secret)}", safe="")


def unsign(value: str, secrets: Sequence[str]) -> str | None:
    """The session id in a cookie's value if one of `secrets` signed it.

    Args:
        value: as received, percent-encoded or not.
        secrets: the first one signs; the others are still accepted.
    """
    decoded = unquote(value)
    prefix, colon, rest = decoded.partition(":")
    sid, dot, signature = rest.rpartition(".")
    if prefix != "s" or not colon or not dot or not sid:
        return None
    given = signature.encode("utf-8", "surrogateescape")
    expected = [_signature(sid, secret).encode() for secret in secrets]
    return sid if any([hmac.compare_digest(given, each) for each in expected]) else None  # noqa: C419  every comparison is made, whichever fits


def _signature(sid: str, secret: str) -> str:
    data = sid.encode("utf-8", "surrogateescape")
    digest = hmac.new(secret.encode(), data, hashlib.sha256).digest()
    return base64.b64encode(digest).decode().rstrip("=")

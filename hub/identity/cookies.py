"""Session tokens and the cookies that carry them. See docs/dialects/README.md#sessions.

Guarantees: a token cannot be guessed (122 random bits) and only its hash is ever stored.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final
from uuid import uuid4

from attrs import frozen

from protocol.dialect import SESSION_COOKIE
from protocol.express_session import COOKIE as SIGNED_COOKIE

COOKIE: Final = SESSION_COOKIE


def new_token() -> str:
    """A fresh token: a random UUID, in the form of the cookie `session_token`."""
    return str(uuid4())


def token_hash(token: str) -> bytes:
    """What the store keeps of a token. The token is random, so a plain SHA-256 cannot be undone."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


@frozen
class CookieScope:
    """The requests to which a browser adds a cookie.

    Args:
        path: those to paths below it.
        secure: only those over TLS.
    """

    path: str
    secure: bool


def session_cookie(token: str, lifetime: timedelta, scope: CookieScope) -> str:
    """The value of Set-Cookie; scripts cannot read it, and other sites' forms do not send it."""
    return _set_cookie(COOKIE, token, lifetime, "; SameSite=Lax", scope)


def signed_session_cookie(value: str, lifetime: timedelta, scope: CookieScope) -> str:
    """The same for `connect.sid`, with the attributes that express-session sets.

    See docs/dialects/README.md#cookie-connectsid.
    """
    return _set_cookie(SIGNED_COOKIE, value, lifetime, "", scope)


def _set_cookie(name: str, value: str, lifetime: timedelta, site: str, scope: CookieScope) -> str:
    expires = format_datetime(datetime.now(UTC) + lifetime, usegmt=True)
    age = f"Max-Age={int(lifetime.total_seconds())}; Expires={expires}"
    ending = "; Secure" if scope.secure else ""
    return f"{name}={value}; Path={scope.path}; {age}; HttpOnly{site}{ending}"


def expired_cookie(scope: CookieScope) -> str:
    """The value of Set-Cookie that makes the browser forget the token."""
    return session_cookie("", timedelta(0), scope)

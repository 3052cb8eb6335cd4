"""Session tokens and the cookies that carry them. See docs/dialects/README.md#sessions.

Guarantees: a token cannot be guessed (122 random bits) and only its hash is ever stored.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final
from uuid import uuid4

from attrs import frozen

from protocol.dialect import SESSION_COOKIE
from protocol.parsing.express_session import COOKIE as SIGNED_COOKIE
from protocol.websocket.handshake import HOST_PREFIX

COOKIE: Final = SESSION_COOKIE
COOKIES: Final = (COOKIE, SIGNED_COOKIE)
"""Those that name sessions. A session may have both: one has its token, one the token signed."""


def new_token() -> str:
    """A fresh token: a random UUID, in the form of the cookie `session_token`."""
    return str(uuid4())


def token_hash(token: str) -> bytes:
    """The hash that the store has of a token. A token is random, so plain SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


@frozen
class CookieScope:
    """The requests to which a browser adds a cookie.

    Args:
        path: only requests to paths below it.
        secure: only requests over TLS.
    """

    path: str
    secure: bool

    def name_of(self, cookie: str) -> str:
        """The name of a cookie in the browser. With the prefix, no other host of the domain and no
        page without TLS can have set it (RFC 6265bis, section 4.1.3.2).
        """
        return f"{HOST_PREFIX}{cookie}" if self.secure and self.path == "/" else cookie


def session_cookie(cookie: str, value: str, lifetime: timedelta, scope: CookieScope) -> str:
    """The value of Set-Cookie; scripts cannot read it, and other sites' forms do not send it."""
    return _set_cookie(scope.name_of(cookie), value, lifetime, scope)


def expired_cookies(cookie: str, scope: CookieScope) -> Sequence[str]:
    """The values of Set-Cookie that make the browser forget a cookie, under both of its names."""
    names = sorted({cookie, scope.name_of(cookie)})
    return [_set_cookie(name, "", timedelta(0), scope) for name in names]


def _set_cookie(name: str, value: str, lifetime: timedelta, scope: CookieScope) -> str:
    expires = format_datetime(datetime.now(UTC) + lifetime, usegmt=True)
    age = f"Max-Age={int(lifetime.total_seconds())}; Expires={expires}"
    ending = "; Secure" if scope.secure else ""
    return f"{name}={value}; Path={scope.path}; {age}; HttpOnly; SameSite=Lax{ending}"

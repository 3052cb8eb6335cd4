"""A sign-in with a provider that has begun, and the values that tie its end to its browser.

Guarantees: a sign-in ends in the browser in which it began, within `LIFETIME`, at any node; a node
ends it at most once, and the provider accepts its code once. Until it ends, only the browser keeps
it, so that beginning one costs the hub no memory. Must not know: HTTP, the provider, the clock.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import define, field, frozen

from hub.limits.windows import SlidingWindow
from protocol.parsing.express_session import sign, unsign

LIFETIME: Final = timedelta(minutes=10)
_PREFIX: Final = "sign-in"  # no session token begins with it


@frozen
class Attempt:
    """A sign-in. Its values are derived from a secret that the browser keeps in a cookie and sends
    to the hub alone.
    """

    secret: str = field(repr=False)

    @property
    def state(self) -> str:
        """Comes back with the code. A browser that has it and not the cookie did not begin this."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Is in the ID token. A token that was issued for another sign-in has another nonce."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Proves to the provider that the code is redeemed for this sign-in (RFC 7636)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The hash of the verifier (S256), which the provider gets when the sign-in begins."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def _derived(self, purpose: str) -> str:
        return _text(hashlib.sha256(f"{purpose} {self.secret}".encode()).digest())


@define
class Attempts:
    """Begins and ends sign-ins.

    Args:
        signing: secrets that the nodes share; the first one signs, the others are still accepted.
    """

    signing: Sequence[str] = field(repr=False)
    _ended: SlidingWindow = field(
        factory=lambda: SlidingWindow(1, LIFETIME.total_seconds()), init=False
    )

    def begin(self, now: datetime) -> tuple[Attempt, str]:
        """A new sign-in, and the value of its cookie."""
        attempt = Attempt(secrets.token_urlsafe(32))
        return attempt, sign(f"{_PREFIX}.{int(now.timestamp())}.{attempt.secret}", self.signing[0])

    def end(self, cookie: str, state: str, now: datetime) -> Attempt | None:
        """The sign-in of this cookie and state, which ends by this; None if they do not fit, it has
        ended at this node, or its time is over.
        """
        prefix, _, content = (unsign(cookie, self.signing) or "").partition(".")
        if prefix != _PREFIX:
            return None
        begun, _, secret = content.partition(".")
        attempt = Attempt(secret)
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            return None
        age = now - datetime.fromtimestamp(float(begun), UTC)
        if abs(age) >= LIFETIME or not self._ended.take(attempt.state, now.timestamp()):
            return None
        return attempt


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")

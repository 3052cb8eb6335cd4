"""A sign-in with a provider that is under way: what ties its end to the browser that began it.

Guarantees: it ends in the browser in which it began, within `LIFETIME` seconds, at whichever node
its end comes to; at each of them once, and the provider takes its code once. Until then the browser
alone keeps it, so that beginnings cost no memory. Must not know: HTTP, the provider, the clock.
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
_PREFIX: Final = "sign-in"  # no session is called that


@frozen
class Attempt:
    """All of it follows from a secret that the browser keeps in a cookie, and shows nobody else."""

    secret: str = field(repr=False)

    @property
    def state(self) -> str:
        """Comes back with the code: whoever brings it without the cookie did not begin this."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Stands in the ID token: one that was issued for another sign-in has another."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Shows the provider that the code comes from whoever began this (RFC 7636)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier at first: its hash (S256)."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def _derived(self, purpose: str) -> str:
        return _text(hashlib.sha256(f"{purpose} {self.secret}".encode()).digest())


@define
class Attempts:
    """Begins and ends them.

    Args:
        signing: secrets that the nodes share; the first one signs, the others are still accepted.
    """

    signing: Sequence[str] = field(repr=False)
    _ended: SlidingWindow = field(
        factory=lambda: SlidingWindow(1, LIFETIME.total_seconds()), init=False
    )

    def begin(self, now: datetime) -> tuple[Attempt, str]:
        """A new one, and the value of its cookie."""
        attempt = Attempt(secrets.token_urlsafe(32))
        return attempt, sign(f"{_PREFIX}.{int(now.timestamp())}.{attempt.secret}", self.signing[0])

    def end(self, cookie: str, state: str, now: datetime) -> Attempt | None:
        """The one that a cookie and a state belong to, if it has not ended and may still end."""
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

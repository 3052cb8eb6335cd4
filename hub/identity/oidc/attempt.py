"""A sign-in with a provider that is under way: what ties its end to the browser that began it.

Guarantees: it ends in the browser in which it began, once, within `LIFETIME` seconds and before the
hub is started again; until then the browser alone keeps it, so that beginnings cost no memory. Must
not know: HTTP, the provider, the clock.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final

from attrs import field, frozen

from hub.limits.windows import SlidingWindow

LIFETIME: Final = 600.0


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


class Attempts:
    """Begins and ends them."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._ended = SlidingWindow(1, LIFETIME)

    def begin(self, now: float) -> tuple[Attempt, str]:
        """A new one, and the value of its cookie.

        Args:
            now: seconds on a clock that only goes forward.
        """
        attempt = Attempt(secrets.token_urlsafe(32))
        content = f"{now:.0f}.{attempt.secret}"
        return attempt, f"{content}.{self._signature(content)}"

    def end(self, cookie: str, state: str, now: float) -> Attempt | None:
        """The one that a cookie and a state belong to, if it has not ended and may still end."""
        content, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(self._signature(content).encode(), signature.encode()):
            return None
        begun, _, secret = content.partition(".")
        attempt = Attempt(secret)
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            return None
        if now - float(begun) >= LIFETIME or not self._ended.take(attempt.state, now):
            return None
        return attempt

    def _signature(self, content: str) -> str:
        return _text(hmac.digest(self._key, content.encode(), "sha256"))


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")

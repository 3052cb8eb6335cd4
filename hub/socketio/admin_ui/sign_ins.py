"""Sign-ins of operators' pages, which come back with an id in place of the password.

Guarantees: an id cannot be guessed, and only its hash is kept; it is invalid after `seconds`, and
when this process ends; if there are too many, the oldest are dropped. Must not know: the clock, who
an operator is.
"""

import secrets
from hashlib import sha256
from typing import Final

SECONDS: Final = 12 * 3_600.0
MAX_KEPT: Final = 100


class SignIns:
    """The valid sign-ins.

    Args:
        seconds: how long each is good.
        max_kept: how many are kept.
    """

    def __init__(self, seconds: float = SECONDS, *, max_kept: int = MAX_KEPT) -> None:
        self._seconds = seconds
        self._max_kept = max_kept
        self._until: dict[bytes, float] = {}  # by hash, the oldest first

    def begin(self, now: float) -> str:
        """The id of a new one. `now`: seconds on a clock that only goes forward."""
        sign_in = secrets.token_urlsafe(32)
        self._until[_digest(sign_in)] = now + self._seconds
        if len(self._until) > self._max_kept:
            del self._until[next(iter(self._until))]
        return sign_in

    def is_good(self, sign_in: str, now: float) -> bool:
        """Whether this is the id of a valid sign-in."""
        return now < self._until.get(_digest(sign_in), now)


def _digest(sign_in: str) -> bytes:
    return sha256(sign_in.encode()).digest()

"""Passwords: argon2id, off the event loop, a few at a time.

Guarantees: verifying takes as long for an unknown account as for a known one; at most two hashes
are computed at a time, because each takes about 64 MiB. Must not know: accounts.
"""

from typing import Final

import argon2
import trio
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARS: Final = 8
MAX_CHARS: Final = 1_024
_CONCURRENT: Final = 2


class PasswordHasher:
    """Hashes and verifies.

    Args:
        hasher: the algorithm's cost; by default argon2-cffi's recommendation for servers.
    """

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._limiter = trio.CapacityLimiter(_CONCURRENT)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """A salted hash in PHC format."""
        return await trio.to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password matches. None stands for an account that does not exist."""
        if password_hash is None:
            if self._nobodys is None:
                self._nobodys = await self.hash("nobody has this password")
            await self.verify(self._nobodys, password)
            return False
        return await trio.to_thread.run_sync(
            self._verify, password_hash, password, limiter=self._limiter
        )

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def check_password(password: str) -> str | None:
    """What is wrong with a new password, as a stable code: `password_too_short` or `_too_long`."""
    if len(password) < MIN_CHARS:
        return "password_too_short"
    if len(password) > MAX_CHARS:
        return "password_too_long"
    return None

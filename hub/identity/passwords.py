"""Passwords: argon2id, off the event loop, a few at a time.

Guarantees: verifying takes as long for an unknown account as for a known one; one hash is computed
at a time, because each takes about 64 MiB, on one core and at a lower priority than the hub; owners
take turns, few requests of each wait, none for more than `WAIT_SECONDS`, and a cancelled one leaves
the queue. Must not know: accounts, what an owner is.
"""

import os
import sys
import threading
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import Final, TypeVar

import argon2
import trio
from argon2.exceptions import InvalidHashError, VerificationError

from hub.limits.turns import NoTurn, Turns

NO_PASSWORD: Final = "none"  # noqa: S105  of no password
"""Stands in place of the hash of an account that has no password."""
MIN_CHARS: Final = 8
MAX_CHARS: Final = 1_024
WEAK: Final[Mapping[str, str]] = {
    "password_too_short": f"A password has at least {MIN_CHARS} characters",
    "password_too_long": f"A password has at most {MAX_CHARS} characters",
}
"""What is wrong with a new password, by stable code."""
MAX_WAITING_OF_ONE: Final = 64
MAX_WAITING: Final = 256
WAIT_SECONDS: Final = 30.0  # when other processes use the cores, one hash may take a second
NICENESS: Final = 10  # of the threads that hash, beside that of the hub
_CONCURRENT: Final = 1

T = TypeVar("T")


class Busy(Exception):
    """Too many requests wait for a hash, or this one has waited for too long."""


class PasswordHasher:
    """Hashes and verifies.

    Args:
        hasher: the algorithm's cost; by default argon2-cffi's recommendation for servers,
            but for the number of cores.
    """

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher(parallelism=1)
        self._limiter = trio.CapacityLimiter(_CONCURRENT)
        self._turns = Turns(_CONCURRENT, each=MAX_WAITING_OF_ONE, total=MAX_WAITING)
        self._nobodys: str | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return self._turns.waiting

    async def hash(self, password: str, owner: Hashable = None) -> str:
        """A salted hash in PHC format.

        Args:
            password: what is hashed.
            owner: whose request it is; the requests of one owner are carried out in their order.

        Raises:
            Busy: too many wait.
        """
        return await self._run(owner, lambda: self._hasher.hash(password))

    async def verify(
        self, password_hash: str | None, password: str, owner: Hashable = None
    ) -> bool:
        """Whether the password matches.

        Args:
            password_hash: None stands for an account that does not exist. One without a password
                takes as long.
            password: what was given.
            owner: as for `hash`.

        Raises:
            Busy: too many wait.
        """
        if password_hash is None or password_hash == NO_PASSWORD:
            if self._nobodys is None:
                self._nobodys = await self.hash("nobody has this password", owner)
            await self.verify(self._nobodys, password, owner)
            return False
        return await self._run(owner, lambda: self._verify(password_hash, password))

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(password_hash)

    async def _run(self, owner: Hashable, compute: Callable[[], T]) -> T:
        with trio.move_on_after(WAIT_SECONDS) as patience:
            try:
                async with self._turns.line(owner).place():
                    patience.deadline = inf
                    return await trio.to_thread.run_sync(_humbly, compute, limiter=self._limiter)
            except NoTurn:
                raise Busy from None
        raise Busy

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _humbly(compute: Callable[[], T]) -> T:
    """Compute in a thread of lower priority, which the threads that argon2 starts inherit."""
    with ThreadPoolExecutor(1, initializer=_step_back) as thread:
        return thread.submit(compute).result()


def _step_back() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        current = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), current + NICENESS)


def check_password(password: str) -> str | None:
    """What is wrong with a new password, as a stable code: `password_too_short` or `_too_long`."""
    if len(password) < MIN_CHARS:
        return "password_too_short"
    if len(password) > MAX_CHARS:
        return "password_too_long"
    return None

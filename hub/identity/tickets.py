"""Tickets: secrets that can be used for one purpose, once, for a limited time.

Guarantees: only a ticket's hash is kept, and at most one for each holder; a ticket is refused to
another holder, after its use, after a newer one was issued, and after its time; if there are too
many holders, the oldest tickets are dropped. Must not know: what tickets are for, the clock.

Only this process keeps them: a restart ends them.
"""

import secrets
from hmac import compare_digest
from typing import Final, Generic, TypeVar

from attrs import frozen

from hub.identity.cookies import token_hash
from protocol.model import UserId

MAX_HOLDERS: Final = 10_000

T = TypeVar("T")


@frozen
class _Issued(Generic[T]):
    digest: bytes
    good_for: T
    until: float


class Tickets(Generic[T]):
    """Issues and redeems tickets.

    Args:
        seconds: how long a ticket is valid.
        max_holders: how many users may have one at a time.
    """

    def __init__(self, seconds: float, *, max_holders: int = MAX_HOLDERS) -> None:
        self.seconds = seconds
        self._max_holders = max_holders
        self._issued: dict[UserId, _Issued[T]] = {}  # the newest last

    def issue(self, holder: UserId, good_for: T, now: float) -> str:
        """A new ticket, which replaces one that the holder may have."""
        ticket = secrets.token_urlsafe(32)
        self._issued.pop(holder, None)
        self._issued[holder] = _Issued(token_hash(ticket), good_for, now + self.seconds)
        if len(self._issued) > self._max_holders:
            del self._issued[next(iter(self._issued))]
        return ticket

    def take(self, holder: UserId, ticket: str, now: float) -> T | None:
        """Redeem a ticket: what it is good for, or None if it is not the holder's or too old."""
        issued = self._issued.get(holder)
        if issued is None or not compare_digest(issued.digest, token_hash(ticket)):
            return None
        del self._issued[holder]
        return issued.good_for if now < issued.until else None

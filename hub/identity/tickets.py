"""Tickets: secrets that are good for one thing, once, for a while.

Guarantees: only a ticket's hash is kept, and one for each holder at most; it is worth nothing to
another holder, once it was taken, when a newer one was issued or when its time is over; of many
holders the oldest lose theirs. Must not know: what they are good for, the clock.

They are kept by this process alone: a restart ends them.
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
    """Issues and takes them.

    Args:
        seconds: how long one is good.
        max_holders: of how many users one is kept.
    """

    def __init__(self, seconds: float, *, max_holders: int = MAX_HOLDERS) -> None:
        self.seconds = seconds
        self._max_holders = max_holders
        self._issued: dict[UserId, _Issued[T]] = {}  # the newest last

    def issue(self, holder: UserId, good_for: T, now: float) -> str:
        """A new ticket, in the place of the one that the holder may have."""
        ticket = secrets.token_urlsafe(32)
        self._issued.pop(holder, None)
        self._issued[holder] = _Issued(token_hash(ticket), good_for, now + self.seconds)
        if len(self._issued) > self._max_holders:
            del self._issued[next(iter(self._issued))]
        return ticket

    def take(self, holder: UserId, ticket: str, now: float) -> T | None:
        """What the ticket is good for, if it is the holder's; that was its one use."""
        issued = self._issued.get(holder)
        if issued is None or not compare_digest(issued.digest, token_hash(ticket)):
            return None
        del self._issued[holder]
        return issued.good_for if now < issued.until else None

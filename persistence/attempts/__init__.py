"""Attempts to sign in, counted in sliding windows; a part of `persistence.interface`.

Guarantees: what is refused is not counted in the window that refuses it, and does not lengthen the
wait. Must not know: what an attempt is, who makes it.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from attrs import frozen


class Kind(Enum):
    """What attempts are counted for; a key of one kind is none of another."""

    NETWORK = "network"
    PLACE = "place"  # one account, from one network or browser
    ACCOUNT = "account"


@frozen
class Window:
    """At most `limit` attempts in any stretch of `seconds`, of all with this kind and key."""

    kind: Kind
    key: str
    limit: int
    seconds: float


@frozen
class Full:
    """A window that allows no more, and how many seconds it will not."""

    window: Window
    wait: float


class Attempts(Protocol):
    """Counts attempts, for all who share it."""

    async def take(self, windows: Sequence[Window]) -> Full | None:
        """Count one in each of these, in their order, until one of them is full; returns that one.
        Raises StoreUnavailable.
        """

    async def give_back(self, windows: Sequence[Window], *, forget: Sequence[Window] = ()) -> None:
        """The latest one in each of `windows` does not count after all, and none of those in
        `forget`. Raises StoreUnavailable.
        """

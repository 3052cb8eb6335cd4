"""Attempts to sign in, counted in sliding windows; a part of `persistence.interface`.

Guarantees: a refused attempt is not counted in the window that refuses it, and does not lengthen
the wait. Must not know: what an attempt is, who makes it.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from attrs import frozen


class Kind(Enum):
    """What attempts are counted for. Equal keys of different kinds are counted separately."""

    NETWORK = "network"
    PLACE = "place"  # one account, from one network or browser
    ACCOUNT = "account"


@frozen
class Window:
    """At most `limit` attempts with this kind and key within any `seconds` seconds."""

    kind: Kind
    key: str
    limit: int
    seconds: float


@frozen
class Full:
    """A window that allows no more attempts, and in how many seconds it will allow one again."""

    window: Window
    wait: float


class Attempts(Protocol):
    """Counts attempts, for all hubs that share the store."""

    async def take(self, windows: Sequence[Window]) -> Full | None:
        """Count an attempt in each of these windows, in their order, up to the first full one,
        which is returned. Raises StoreUnavailable.
        """

    async def give_back(self, windows: Sequence[Window], *, forget: Sequence[Window] = ()) -> None:
        """Take back the latest attempt in each of `windows`, and all attempts in those of `forget`.
        Raises StoreUnavailable.
        """

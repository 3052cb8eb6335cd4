"""What one user may take of the hub, over all connections and requests together.

Guarantees: a user has so many sends in flight, and sends and types so much a second, however many
connections they open, so nobody can fill the lanes for the others. Must not know: dialects, what
is sent.
"""

from collections import deque
from typing import Final
from weakref import WeakValueDictionary

import trio
from attrs import define, field

from hub.rate import TokenBucket
from protocol.dialect import Rate
from protocol.model import UserId

MAX_SENDS_IN_FLIGHT: Final = 64  # then whoever reads the user's frames waits
RECENT_USERS: Final = 10_000  # remembered between two requests


@define(eq=False)
class Share:
    """One user's part.

    Args:
        rate: how many messages the user may send.
        typing: how many typing indicators.

    `in_flight` holds a place for each send that was accepted and not yet settled.
    """

    rate: TokenBucket
    typing: TokenBucket
    in_flight: trio.Semaphore = field(
        factory=lambda: trio.Semaphore(MAX_SENDS_IN_FLIGHT), init=False
    )


class Shares:
    """Everybody's part, remembered while a connection uses it, and some time longer.

    Args:
        messages_per_second: that a user may send.
        typing_per_second: typing indicators, the same.
    """

    def __init__(self, messages_per_second: int, typing_per_second: int) -> None:
        self._rate = Rate(tokens=messages_per_second, seconds=1.0)
        self._typing = Rate(tokens=typing_per_second, seconds=1.0)
        self._shares: WeakValueDictionary[UserId, Share] = WeakValueDictionary()
        self._recent: deque[Share] = deque(maxlen=RECENT_USERS)

    def of(self, user_id: UserId) -> Share:
        """The user's part."""
        share = self._shares.get(user_id)
        if share is None:
            now = trio.current_time()
            share = Share(TokenBucket(self._rate, now), TokenBucket(self._typing, now))
            self._shares[user_id] = share
            self._recent.append(share)
        return share

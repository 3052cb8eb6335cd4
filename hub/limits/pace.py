"""How fast frames and requests are taken: a token bucket for each user, and for each network of
peers that have not signed in.

Guarantees: what comes too fast is taken later, in its order, and never dropped, so TCP slows its
sender down; a sender that is slowed down for `PATIENCE_SECONDS` without a pause gets `Flooded`;
memory is bounded. Must not know: what is sent.
"""

from collections import deque
from collections.abc import Hashable
from math import inf
from typing import Final
from weakref import WeakValueDictionary

import trio

FREE_TURN: Final = 16  # frames that are taken before the other tasks have their turn
BYTES_OF_ONE: Final = 1_024  # so many received or response bytes cost as much as a frame
PEAK: Final = 10  # a burst is spent at so many times the rate
PEAK_SECONDS: Final = 1.0  # tokens of so many seconds may be spent at once
PATIENCE_SECONDS: Final = 30.0
UNLIMITED: Final = 1e9  # tokens
RECENT: Final = 100_000  # parties whose pace is kept while they have no connection


class Flooded(Exception):
    """A sender has sent too fast for too long."""


class Pace:
    """A token bucket, kept as the time at which what was taken is paid for (GCRA).

    Args:
        rate: tokens per second.
        burst: tokens that are saved while none are spent.
        has_peak: whether a burst is spread over time: else frames that come over many connections
            at once would all be handled before other users get a turn.
    """

    __slots__ = (
        "__weakref__",
        "_at_once_seconds",
        "_burst_seconds",
        "_calm_at",
        "_paid_at",
        "_peak_seconds",
        "_seconds",
    )

    def __init__(self, rate: float, burst: float, *, has_peak: bool = False) -> None:
        self.change(rate, burst)
        self._paid_at = -inf
        self._at_once_seconds = PEAK_SECONDS / PEAK if has_peak else inf
        self._calm_at = -inf

    def change(self, rate: float, burst: float) -> None:
        """Use this rate and burst from now on."""
        self._seconds = 1 / rate
        self._burst_seconds = burst / rate
        self._peak_seconds = self._seconds / PEAK

    def take(self, cost: float, now: float) -> float:
        """Spend tokens; returns the time at which they are there: after `now` if it is too fast."""
        self._paid_at = max(self._paid_at, now - self._burst_seconds) + cost * self._seconds
        self._calm_at = max(self._calm_at, now - self._at_once_seconds) + cost * self._peak_seconds
        return max(self._paid_at, self._calm_at)

    def behind(self, now: float) -> float:
        """How many seconds a sender that comes now will wait; below 0: it will not wait."""
        return self._paid_at - now

    def give_back(self, cost: float) -> None:
        """Return tokens that another party spends instead."""
        self._paid_at -= cost * self._seconds
        self._calm_at -= cost * self._peak_seconds


class Paces:
    """The pace of each party, kept while a connection uses it and for some time after.

    Args:
        rate: tokens per second.
        burst: tokens that may be spent at once.
    """

    def __init__(self, rate: float = UNLIMITED, burst: float = UNLIMITED) -> None:
        self._rate = rate
        self._burst = burst
        self._paces: WeakValueDictionary[Hashable, Pace] = WeakValueDictionary()
        self._recent: deque[Pace] = deque(maxlen=RECENT)

    def change(self, rate: float, burst: float) -> None:
        """Use this rate and burst from now on, for all parties."""
        self._rate, self._burst = rate, burst
        for pace in self._paces.values():
            pace.change(rate, burst)

    def of(self, party: Hashable) -> Pace:
        """The pace of a party."""
        pace = self._paces.get(party)
        if pace is None:
            pace = self._paces[party] = Pace(self._rate, self._burst)
            self._recent.append(pace)
        return pace


class Meter:
    """Slows one connection down to the pace of its owner.

    Args:
        pace: its owner's; the network's until a user signs in.
    """

    __slots__ = ("_behind_since", "pace")

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._behind_since: float | None = None

    async def recognize(self, pace: Pace, cost: float = 1) -> None:
        """What was just taken is a user's: the user's pace is charged instead of the network's,
        now and from then on.

        Args:
            pace: the user's.
            cost: what it costs the user.

        Raises:
            Flooded: see `take`.
        """
        self.pace.give_back(1)
        self.pace = pace
        await self.take(cost)

    async def take(self, cost: float) -> None:
        """Spend tokens, and wait until they are there.

        Raises:
            Flooded: the connection has had to wait for too long.
        """
        now = trio.current_time()
        at = self.pace.take(cost, now)
        if at <= now:
            self._behind_since = None
            return
        if self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > PATIENCE_SECONDS:
            raise Flooded
        await trio.sleep_until(at)

"""How fast what somebody sends is taken: a token bucket for each user, and each network of
strangers.

Guarantees: what comes too fast is taken later, in its order, and never dropped, so TCP slows its
sender down; a sender who is slowed down for `PATIENCE_SECONDS` without a pause gets `Flooded`;
memory is bounded. Must not know: what is sent.
"""

from collections import deque
from collections.abc import Hashable
from math import inf
from typing import Final
from weakref import WeakValueDictionary

import trio

FREE_TURN: Final = 16  # frames that are taken before the other tasks have their turn
BYTES_OF_ONE: Final = 1_024  # bytes that are received, or made for a request, cost as a frame
PEAK: Final = 10  # times the rate at which a burst is spent
PEAK_SECONDS: Final = 1.0  # of the rate that may be spent at once
PATIENCE_SECONDS: Final = 30.0
UNLIMITED: Final = 1e9  # tokens
RECENT: Final = 100_000  # whose pace is kept while they have no connection


class Flooded(Exception):
    """Somebody has sent too fast for too long."""


class Pace:
    """A token bucket, kept as the time at which what was taken is paid for (GCRA).

    Args:
        rate: tokens per second.
        burst: tokens that are saved while none are spent.
        has_peak: whether a burst takes its time: what is sent over many connections at once would
            be handled before the next turn of the others.
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
        """Go on with these."""
        self._seconds = 1 / rate
        self._burst_seconds = burst / rate
        self._peak_seconds = self._seconds / PEAK

    def take(self, cost: float, now: float) -> float:
        """Spend tokens; returns when they are there: at `now` or before unless that is too fast."""
        self._paid_at = max(self._paid_at, now - self._burst_seconds) + cost * self._seconds
        self._calm_at = max(self._calm_at, now - self._at_once_seconds) + cost * self._peak_seconds
        return max(self._paid_at, self._calm_at)

    def behind(self, now: float) -> float:
        """For how many seconds somebody will wait who comes now; below 0: not at all."""
        return self._paid_at - now

    def give_back(self, cost: float) -> None:
        """Tokens that somebody else spends."""
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
        """Go on with these, for everybody."""
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
        pace: its owner's; that of the network until somebody signs in.
    """

    __slots__ = ("_behind_since", "pace")

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._behind_since: float | None = None

    async def recognize(self, pace: Pace, cost: float = 1) -> None:
        """What was just taken is a user's, whose pace is to be kept, and not its network's.

        Args:
            pace: the user's.
            cost: what it costs them.

        Raises:
            Flooded: see `take`.
        """
        self.pace.give_back(1)
        self.pace = pace
        await self.take(cost)

    async def take(self, cost: float) -> None:
        """Spend tokens, and wait until they are there.

        Raises:
            Flooded: it has had to wait for too long.
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

"""Rates: at most so many in so many seconds, counted in a fixed window, or for one key of a sliding
one.

Guarantees: what is refused costs nothing and does not lengthen the wait. Must not know: the clock,
what is counted.
"""

from collections.abc import Hashable

from persistence.attempts.sliding import SlidingWindow


class FixedWindow:
    """At most `limit` in a window, which is followed by a new one.

    A window begins with the first attempt that is more than `seconds` after the beginning of the
    one before, so up to twice `limit` may fall into `seconds` around that moment.

    Args:
        limit: how many are allowed in one window.
        seconds: the least length of a window.
        now: seconds on a clock that only goes forward; the first window begins then.
    """

    __slots__ = ("_began", "_left", "_limit", "_seconds")

    def __init__(self, limit: int, seconds: float, now: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._left = limit
        self._began = now

    def take(self, now: float) -> bool:
        """Count one if it is allowed; returns whether it is."""
        if now - self._began > self._seconds:
            self._left = self._limit
            self._began = now
        if not self._left:
            return False
        self._left -= 1
        return True

    def allow(self, limit: int) -> None:
        """Allow so many from now on, of which those that were counted in this window are a part."""
        self._left = max(0, self._left + limit - self._limit)
        self._limit = limit

    def left(self, now: float) -> int:
        """How many are allowed until the window ends."""
        return self._limit if now - self._began > self._seconds else self._left

    def retry_after(self, now: float) -> float:
        """Seconds until the next window, in which more are allowed."""
        return max(self._began + self._seconds - now, 0.0)


class KeyedWindow:
    """The part of a `SlidingWindow` that counts one key.

    Args:
        window: counts.
        key: whose attempts.
    """

    __slots__ = ("_key", "_window")

    def __init__(self, window: SlidingWindow, key: Hashable) -> None:
        self._window = window
        self._key = key

    def take(self, now: float) -> bool:
        """Count one if it is allowed; returns whether it is."""
        return self._window.take(self._key, now)

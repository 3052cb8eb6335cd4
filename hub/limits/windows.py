"""Rates: at most so many in so many seconds, counted in a fixed or in a sliding window.

Guarantees: an attempt that is refused does not count or lengthen the wait. The memory of a
`SlidingWindow` is bounded; filling it up neither frees a key that is throttled nor locks out a new
one: it evicts the least recent key that is not throttled. Must not know: the clock, what a key is,
what is counted.
"""

from collections import deque
from collections.abc import Hashable
from typing import Final, TypeAlias

MAX_KEYS: Final = 100_000

_Times: TypeAlias = dict[Hashable, deque[float]]  # the least recent key comes first


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

    def count(self, number: int, now: float) -> None:
        """Count so many that were allowed elsewhere."""
        self._left = max(0, self.left(now) - number)
        if now - self._began > self._seconds:
            self._began = now

    def allow(self, limit: int) -> None:
        """Allow so many from now on; what was counted in this window still counts."""
        self._left = max(0, self._left + limit - self._limit)
        self._limit = limit

    def left(self, now: float) -> int:
        """How many are allowed until the window ends."""
        return self._limit if now - self._began > self._seconds else self._left

    def retry_after(self, now: float) -> float:
        """Seconds until the next window, in which more are allowed."""
        return max(self._began + self._seconds - now, 0.0)


class SlidingWindow:
    """At most `limit` in any stretch of `seconds`, for each key.

    Args:
        limit: how many are allowed.
        seconds: after which one no longer counts.
        max_keys: how many keys are remembered; when all of them are throttled, new ones must wait.
    """

    def __init__(self, limit: int, seconds: float, *, max_keys: int = MAX_KEYS) -> None:
        self._limit = limit
        self._seconds = seconds
        self._max_keys = max_keys
        self._free: _Times = {}
        self._throttled: _Times = {}

    def change(self, limit: int) -> None:
        """Allow so many from now on; what was counted still counts."""
        self._limit = limit

    def take(self, key: Hashable, now: float) -> bool:
        """Count one for `key` if it is allowed; returns whether it is.

        Args:
            key: whose attempts are counted together.
            now: seconds on a clock that only goes forward.
        """
        self._drop_expired(now)
        times = self._throttled.get(key) or self._free.get(key) or deque()
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) >= self._limit:
            return False
        self.forget(key)
        if len(self._throttled) >= self._max_keys:
            return False
        if len(self) >= self._max_keys:
            del self._free[next(iter(self._free))]
        times.append(now)
        kept = self._throttled if len(times) >= self._limit else self._free
        kept[key] = times
        return True

    def retry_after(self, key: Hashable, now: float) -> float:
        """Seconds until `key`, which was refused at `now`, may be allowed again."""
        times = self._throttled.get(key)
        return times[0] + self._seconds - now if times else self._seconds

    def give_back(self, key: Hashable) -> None:
        """Undo the latest count for `key`."""
        times = self._throttled.pop(key, None) or self._free.pop(key, None)
        if times is None:
            return
        times.pop()
        if times:
            self._free[key] = times

    def forget(self, key: Hashable) -> None:
        """Count from zero again, for example after a successful login."""
        self._free.pop(key, None)
        self._throttled.pop(key, None)

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._throttled) + len(self._free)

    def _drop_expired(self, now: float) -> None:
        for kept in (self._free, self._throttled):
            while kept:
                key, times = next(iter(kept.items()))
                if times[-1] > now - self._seconds:
                    break
                del kept[key]


class KeyedWindow:
    """The part of a `SlidingWindow` that counts one key.

    Args:
        window: counts.
        key: whose attempts are counted.
    """

    __slots__ = ("_key", "_window")

    def __init__(self, window: SlidingWindow, key: Hashable) -> None:
        self._window = window
        self._key = key

    def take(self, now: float) -> bool:
        """Count one if it is allowed; returns whether it is."""
        return self._window.take(self._key, now)

"""How often something may be tried: a sliding window per key.

Guarantees: memory is bounded, and filling the table neither frees a key that is being throttled nor
locks out anybody new: what is forgotten first is the key that tried longest ago and still may.
Must not know: the time, what a key is.
"""

from collections import deque
from collections.abc import Hashable
from typing import TypeAlias

MAX_KEYS = 100_000

_Times: TypeAlias = dict[Hashable, deque[float]]  # the key tried longest ago comes first


class AttemptLimiter:
    """At most `attempts` in any `window` seconds, per key.

    Args:
        attempts: how many are allowed.
        window: seconds until an attempt no longer counts.
        max_keys: how many keys are remembered; when all of them are throttled, new ones must wait.
    """

    def __init__(self, attempts: int, window: float, *, max_keys: int = MAX_KEYS) -> None:
        self._attempts = attempts
        self._window = window
        self._max_keys = max_keys
        self._trying: _Times = {}
        self._throttled: _Times = {}

    def allow(self, key: Hashable, now: float) -> float:
        """Count an attempt if it is allowed.

        Args:
            key: who tries.
            now: seconds on any clock that only goes forward.

        Returns:
            0.0 when allowed, else the seconds to wait.
        """
        self._forget_old(now)
        times = self._throttled.get(key) or self._trying.get(key) or deque()
        while times and times[0] <= now - self._window:
            times.popleft()
        if len(times) >= self._attempts:
            return times[0] + self._window - now
        self.forget(key)
        if len(self._throttled) >= self._max_keys:
            return self._window
        if len(self._throttled) + len(self._trying) >= self._max_keys:
            del self._trying[next(iter(self._trying))]
        times.append(now)
        kept = self._throttled if len(times) >= self._attempts else self._trying
        kept[key] = times
        return 0.0

    def forget(self, key: Hashable) -> None:
        """Count from nothing again: the key has proven itself."""
        self._trying.pop(key, None)
        self._throttled.pop(key, None)

    def _forget_old(self, now: float) -> None:
        for kept in (self._trying, self._throttled):
            while kept:
                key, times = next(iter(kept.items()))
                if times[-1] > now - self._window:
                    break
                del kept[key]

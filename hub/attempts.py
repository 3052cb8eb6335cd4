"""How often something may be tried: a sliding window per key.

Guarantees: memory is bounded; a key that is being throttled is not forgotten before its window has
passed, so filling the table with other keys does not free it. Must not know: the time, what a key
is.
"""

from collections import deque
from collections.abc import Hashable

MAX_KEYS = 100_000


class AttemptLimiter:
    """At most `attempts` in any `window` seconds, per key.

    Args:
        attempts: how many are allowed.
        window: seconds until an attempt no longer counts.
        max_keys: how many keys are remembered; when all of them are recent, new ones must wait.
    """

    def __init__(self, attempts: int, window: float, *, max_keys: int = MAX_KEYS) -> None:
        self._attempts = attempts
        self._window = window
        self._max_keys = max_keys
        self._times: dict[Hashable, deque[float]] = {}  # the key tried longest ago comes first

    def allow(self, key: Hashable, now: float) -> float:
        """Count an attempt if it is allowed.

        Args:
            key: who tries.
            now: seconds on any clock that only goes forward.

        Returns:
            0.0 when allowed, else the seconds to wait.
        """
        self._forget_old(now)
        times = self._times.get(key)
        if times is None:
            if len(self._times) >= self._max_keys:
                return self._window
            times = deque()
        while times and times[0] <= now - self._window:
            times.popleft()
        if len(times) >= self._attempts:
            return times[0] + self._window - now
        times.append(now)
        self._times.pop(key, None)
        self._times[key] = times
        return 0.0

    def forget(self, key: Hashable) -> None:
        """Count from nothing again: the key has proven itself."""
        self._times.pop(key, None)

    def _forget_old(self, now: float) -> None:
        while self._times:
            key, times = next(iter(self._times.items()))
            if times[-1] > now - self._window:
                return
            del self._times[key]

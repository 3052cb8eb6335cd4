"""Attempts in a store in memory: several hubs in one process, in tests."""

from collections.abc import Callable, Sequence

from attrs import define, field

from persistence.attempts import Full, Kind, Window


@define
class MemoryAttempts:
    """Implements `persistence.attempts.Attempts`.

    Args:
        now: seconds on a clock that only goes forward.
    """

    now: Callable[[], float]
    _times: dict[tuple[Kind, str], list[float]] = field(factory=dict, init=False)

    async def take(self, windows: Sequence[Window]) -> Full | None:
        """See the interface."""
        now = self.now()
        for window in windows:
            times = self._times.get(_key(window), [])
            counted = [each for each in times if each > now - window.seconds]
            if len(counted) >= window.limit:
                return Full(window, counted[0] + window.seconds - now)
            self._times[_key(window)] = [*counted, now]
        return None

    async def give_back(self, windows: Sequence[Window], *, forget: Sequence[Window] = ()) -> None:
        """See the interface."""
        for window in windows:
            self._times[_key(window)] = self._times.get(_key(window), [])[:-1]
        for window in forget:
            self._times.pop(_key(window), None)


def _key(window: Window) -> tuple[Kind, str]:
    return window.kind, window.key

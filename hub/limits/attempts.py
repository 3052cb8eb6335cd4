"""Attempts to sign in at a hub that serves alone, counted in its memory.

Guarantees: those of `SlidingWindow`. No method awaits anything, so each is atomic. Must not know:
the clock, who makes an attempt.
"""

from collections.abc import Callable, Sequence

from attrs import define, field

from hub.limits.windows import SlidingWindow
from persistence.attempts import Full, Kind, Window


@define
class LocalAttempts:
    """Implements `persistence.attempts.Attempts`.

    Args:
        now: seconds on a clock that only goes forward.
    """

    now: Callable[[], float]
    _kinds: dict[Kind, SlidingWindow] = field(factory=dict, init=False)

    async def take(self, windows: Sequence[Window]) -> Full | None:
        """See the interface."""
        now = self.now()
        for window in windows:
            counted = self._counted(window)
            if not counted.take(window.key, now):
                return Full(window, counted.retry_after(window.key, now))
        return None

    async def give_back(self, windows: Sequence[Window], *, forget: Sequence[Window] = ()) -> None:
        """See the interface."""
        for window in windows:
            self._counted(window).give_back(window.key)
        for window in forget:
            self._counted(window).forget(window.key)

    def _counted(self, window: Window) -> SlidingWindow:
        """All windows of a kind have one length."""
        counted = self._kinds.get(window.kind)
        if counted is None:
            counted = self._kinds[window.kind] = SlidingWindow(window.limit, window.seconds)
        counted.change(window.limit)
        return counted

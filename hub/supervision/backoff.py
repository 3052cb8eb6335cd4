"""How long to wait before a process that ended is started again.

Guarantees: pauses double from `FIRST_SECONDS` to `LONGEST_SECONDS`, and are short again after a run
of `STEADY_SECONDS`. Must not know: what is started.
"""

from typing import Final

from attrs import define

FIRST_SECONDS: Final = 0.25
LONGEST_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0


@define
class Backoff:
    """The pauses of one process that is started again and again."""

    _pause: float = FIRST_SECONDS

    def after(self, lived_seconds: float) -> float:
        """Seconds to wait after it has ended, having lived for `lived_seconds`."""
        if lived_seconds >= STEADY_SECONDS:
            self._pause = FIRST_SECONDS
        pause = self._pause
        self._pause = min(2 * pause, LONGEST_SECONDS)
        return pause

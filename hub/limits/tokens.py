"""Guesses of the operators' token: how many a network may make, and how they are logged.

Guarantees: however many there are, and from however many networks, at most `LINES` are logged in a
window of a minute; the others are counted. Must not know: the clock, the token.
"""

from typing import Final

import structlog

from hub.limits.windows import FixedWindow, SlidingWindow

log = structlog.get_logger(__name__)

LINES: Final = 20
LINES_SECONDS: Final = 60.0


class TokenGuesses(SlidingWindow):
    """Counts guesses, by their network.

    Args:
        limit: how many are allowed.
        seconds: after which one no longer counts.
        now: seconds on a clock that only goes forward.
    """

    def __init__(self, limit: int, seconds: float, now: float) -> None:
        super().__init__(limit, seconds)
        self._lines = FixedWindow(LINES, LINES_SECONDS, now)
        self._unlogged = 0

    def was_wrong(self, network: str, now: float) -> None:
        """A guess was not the token."""
        if self._lines.take(now):
            log.warning("admin_token_refused", network=network, unlogged=self._unlogged)
            self._unlogged = 0
        else:
            self._unlogged += 1

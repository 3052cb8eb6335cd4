"""Logs whether a server of a bus can be reached, and decides when to try again.

Guarantees: the log has one line for each change, not one for each attempt; attempts become rarer,
and those of several nodes are spread by chance.
"""

import secrets
from typing import Final

import structlog
import trio

from persistence.bus import BusUnavailable

log = structlog.get_logger(__name__)

FIRST_SECONDS: Final = 0.25
LONGEST_SECONDS: Final = 2.0
JITTER: Final = 0.25  # of the time
_dice: Final = secrets.SystemRandom()


class Contact:
    """The contact with a server.

    Args:
        engine: which kind of server, for the log.
        direction: `publishing` or `listening`.

    `reason`: why the contact is lost; None: it is not lost.
    """

    def __init__(self, engine: str, direction: str) -> None:
        self._log = log.bind(engine=engine, direction=direction)
        self.reason: str | None = None
        self._seconds = FIRST_SECONDS
        self._again_at = 0.0

    def works(self) -> None:
        """Note that the server has carried out a request."""
        if self.reason is not None:
            self._log.warning("bus_back")
            self.reason, self._seconds, self._again_at = None, FIRST_SECONDS, 0.0

    def lost(self, reason: str) -> None:
        """Note that the server cannot be reached, or refuses a request."""
        if reason != self.reason:
            self._log.error("bus_lost", reason=reason)
            self.reason = reason
        pause = self._seconds * _dice.uniform(1 - JITTER, 1 + JITTER)
        self._again_at = trio.current_time() + pause
        self._seconds = min(2 * self._seconds, LONGEST_SECONDS)

    async def require(self) -> None:
        """Raises BusUnavailable if it is too early for another attempt."""
        if self.reason is not None and trio.current_time() < self._again_at:
            await trio.lowlevel.checkpoint()  # other tasks run, even if a caller loops
            raise BusUnavailable(self.reason)

    async def until_next_attempt(self) -> None:
        """Wait until there may be another attempt."""
        await trio.sleep_until(self._again_at)

"""What is said of connections that were refused.

Guarantees: the first one is told at once, what follows in one line every `TELL_SECONDS`, however
many there are; all are counted. Must not know: why they were refused.
"""

from collections import Counter
from typing import Final

import structlog
import trio

log = structlog.get_logger(__name__)

TELL_SECONDS: Final = 10.0


class Refusals:
    """Counts them."""

    def __init__(self) -> None:
        self._reasons: Counter[str] = Counter()
        self._latest = ""
        self._some = trio.Event()

    def note(self, peer: str, reason: str) -> None:
        """A connection was refused."""
        self._reasons[reason] += 1
        self._latest = peer
        self._some.set()

    async def tell(self) -> None:
        """Log them until cancelled."""
        while True:
            await self._some.wait()
            self._some = trio.Event()
            log.warning("connections_refused", latest_peer=self._latest, **self._reasons)
            self._reasons.clear()
            await trio.sleep(TELL_SECONDS)

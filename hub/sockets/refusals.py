"""Logs and counts the connections that were refused.

Guarantees: the first one is logged at once, later ones in one line every `REPORT_SECONDS`, however
many there are; all are counted. Must not know: when one is refused.
"""

from collections import Counter
from enum import StrEnum
from typing import Final

import structlog
import trio

log = structlog.get_logger(__name__)

REPORT_SECONDS: Final = 10.0


class Reason(StrEnum):
    """Why a connection was refused."""

    TOO_FAST = "too_fast"  # so much of its address waits that it would wait too long
    TOO_MANY = "too_many"


class Refusals:
    """Counts refused connections. `total`: by reason, since the start."""

    def __init__(self) -> None:
        self.total: Counter[Reason] = Counter()
        self._reasons: Counter[Reason] = Counter()
        self._latest = ""
        self._some = trio.Event()

    def note(self, peer: str, reason: Reason) -> None:
        """A connection was refused."""
        self._reasons[reason] += 1
        self.total[reason] += 1
        self._latest = peer
        self._some.set()

    async def report(self) -> None:
        """Log refusals until cancelled."""
        while True:
            await self._some.wait()
            self._some = trio.Event()
            counted = {reason.value: number for reason, number in self._reasons.items()}
            log.warning("connections_refused", latest_peer=self._latest, **counted)
            self._reasons.clear()
            await trio.sleep(REPORT_SECONDS)

"""Removes messages that are older than allowed.

Guarantees: it removes a few at a time and pauses most of the time, so that other statements do not
wait for it; an outage only postpones it. The files of removed messages are removed like any file
that nothing names. Must not know: SQL.
"""

from typing import Final

import structlog
import trio
from attrs import frozen

from persistence.interface import Log
from persistence.records import Expired, StoreUnavailable
from protocol.model import ChannelId

log = structlog.get_logger(__name__)

SECONDS: Final = 3_600.0  # between two sweeps
BATCH: Final = 100  # messages that one statement removes
CHANNELS: Final = 500  # that one statement looks at
PAUSES: Final = 2  # a pause is so many times as long as the statement before it
LEAST_PAUSE: Final = 0.002


@frozen
class Retention:
    """Removes old messages.

    Args:
        messages: the log.
        days: how old a message may become in a dm, or where its workspace sets no limit; 0: any
            age.
    """

    messages: Log
    days: int

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        while True:
            try:
                removed = await self.sweep()
            except StoreUnavailable as error:
                log.warning("messages_not_expired", reason=str(error))
            else:
                if removed:
                    log.info("messages_expired", count=removed)
            await trio.sleep(SECONDS)

    async def sweep(self) -> int:
        """Remove everything that is too old; returns how many messages that was.

        Raises:
            StoreUnavailable: the rest is removed by the next sweep.
        """
        removed, above = 0, ChannelId(0)
        while True:
            began = trio.current_time()
            part = await self._expire(above)
            removed += part.removed
            if part.next_above is None:
                return removed
            above = part.next_above
            await trio.sleep(max(PAUSES * (trio.current_time() - began), LEAST_PAUSE))

    async def _expire(self, above: ChannelId) -> Expired:
        return await self.messages.expire(self.days, above=above, channels=CHANNELS, limit=BATCH)

"""Keeps offsets short: what a client has received is stored instead.

Guarantees: a position is stored only when the client has reached it, which its pong to a ping after
that position shows; so a connection that breaks meanwhile is recovered without gap or repeat.
Must not know: packets, events.
"""

from functools import partial

import structlog
import trio

from hub.limits.quotas import Quota
from hub.socketio.link import SocketLink
from hub.socketio.recovery import RecoveryDesk, RecoverySlip
from persistence.records import NoSuchUser, StoreUnavailable

log = structlog.get_logger(__name__)


class Shortener:
    """Shortens the offsets of connections.

    Args:
        recoveries: keeps what they have received.
    """

    def __init__(self, recoveries: RecoveryDesk) -> None:
        self._recoveries = recoveries
        self._nursery: trio.Nursery | None = None

    async def run(self) -> None:
        """Run the tasks that shorten offsets until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await trio.sleep_forever()

    def watch(self, link: SocketLink, slip: RecoverySlip, quota: Quota) -> None:
        """Shorten the offset of a connection whenever it has become long."""
        link.when_long = partial(self._start, link, slip, quota)

    def _start(self, link: SocketLink, slip: RecoverySlip, quota: Quota) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(self._shorten, link, slip, quota)

    async def _shorten(self, link: SocketLink, slip: RecoverySlip, quota: Quota) -> None:
        try:
            if await link.socket.received():
                async with quota.requests:
                    received = link.offset.received()
                    slip.entered |= {
                        each: slip.entered[each].or_further(reached)
                        for each, reached in received.items()
                        if each in slip.entered
                    }
                    await self._recoveries.save(slip)
                    link.offset.stored(received)
        except (StoreUnavailable, NoSuchUser) as error:
            log.warning("offset_not_shortened", user=slip.user_id, reason=str(error))
        finally:
            link.was_shortened()

"""The channels that a Socket.IO connection has joined, kept in the store for its recovery.

Guarantees: a channel is stored before the connection joins it, so a recovered connection is in
every channel whose join was acknowledged. Must not know: packets, events.
"""

from collections.abc import Mapping

import structlog
from attrs import frozen

from hub.services.resume import MAX_CHANNELS, is_above
from hub.socketio.link import SocketLink
from hub.socketio.recovery import RecoveryDesk, RecoverySlip
from persistence.interface import Channels
from persistence.lists import Lists
from persistence.records import NoSuchUser, StoreUnavailable
from protocol.model import ChannelId, Reached

log = structlog.get_logger(__name__)


@frozen
class RecoveryJournal:
    """Implements `hub.services.asker.Journal`."""

    slip: RecoverySlip
    link: SocketLink
    recoveries: RecoveryDesk
    channels: Channels
    lists: Lists

    async def joining(self, channel_id: ChannelId) -> None:
        """See `Journal`. A channel that the user may not see is not kept.

        If the channel is kept already, its position stays: the client may still miss messages of
        it.
        """
        if channel_id in self.slip.entered:
            return
        heads = await self.channels.heads(self.slip.user_id, [channel_id])
        await self._keep({head.channel.id: Reached(head.last_seq, head.last_rev) for head in heads})

    async def resuming(
        self, after: Mapping[ChannelId, int] | None, revs: Mapping[ChannelId, int] | None
    ) -> None:
        """See `Journal`. Channels that the user may not see are not kept.

        Messages that are posted from now on are not sent before `Resume` holds them back, because
        no checkpoint follows the last line.
        """
        user_id = self.slip.user_id
        if after is None:
            heads = await self.lists.recent(user_id, limit=MAX_CHANNELS)
        else:
            heads = await self.channels.heads(user_id, after.keys())
        if after is None or is_above(heads, after, revs or {}):
            after, revs = {}, None if revs is None else {}
        positions = {
            head.channel.id: Reached(
                after.get(head.channel.id, 0),
                head.last_rev if revs is None else revs.get(head.channel.id, 0),
            )
            for head in heads
        }
        await self._keep(positions)
        self.link.start_over(positions)

    async def left(self, channel_id: ChannelId) -> None:
        """See `Journal`. If the store cannot be reached, its copy still lists the channel."""
        self.link.offset.forget([channel_id])
        if self.slip.entered.pop(channel_id, None) is None:
            return
        try:
            await self.recoveries.save(self.slip)
        except (StoreUnavailable, NoSuchUser) as error:
            log.warning("recovery_not_saved", reason=str(error))

    async def _keep(self, entered: Mapping[ChannelId, Reached]) -> None:
        """Raises StoreUnavailable: it cannot be kept now, and nothing was changed."""
        if not entered:
            return
        before = {each: self.slip.entered.get(each) for each in entered}
        self.link.offset.doubt(entered)
        self.slip.entered |= entered
        try:
            await self.recoveries.save(self.slip)
        except NoSuchUser as error:
            raise StoreUnavailable(str(error)) from error
        except BaseException:
            for channel_id, reached in before.items():
                if reached is None:
                    self.slip.entered.pop(channel_id, None)
                else:
                    self.slip.entered[channel_id] = reached
            raise

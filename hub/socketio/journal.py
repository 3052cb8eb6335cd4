"""The channels that a Socket.IO connection has joined, kept in the store for its recovery.

Guarantees: a channel is kept before the connection joins it, so a recovered connection is in every
channel whose join was acknowledged. Must not know: packets, events.
"""

from collections.abc import Mapping

from attrs import frozen

from hub.socketio.link import SocketLink
from hub.socketio.recovery import RecoveryDesk, RecoverySlip
from persistence.interface import Channels
from protocol.model import ChannelId


@frozen
class RecoveryJournal:
    """Implements `hub.services.asker.Journal`."""

    slip: RecoverySlip
    link: SocketLink
    recoveries: RecoveryDesk
    channels: Channels

    async def joining(self, channel_id: ChannelId) -> None:
        """See `Journal`. A channel that the user may not see is not kept."""
        heads = await self.channels.heads(self.slip.user_id, [channel_id])
        if heads:
            self.slip.entered |= {head.channel.id: head.last_seq for head in heads}
            await self.recoveries.save(self.slip)

    async def resuming(self, after: Mapping[ChannelId, int]) -> None:
        """See `Journal`."""
        heads = await self.channels.heads(self.slip.user_id, after.keys() or None)
        self.slip.entered |= {head.channel.id: after.get(head.channel.id, 0) for head in heads}
        await self.recoveries.save(self.slip)

    async def left(self, channel_id: ChannelId) -> None:
        """See `Journal`. The store keeps the slip as it was if it is away."""
        if self.link.positions is not None:
            self.link.positions.pop(channel_id, None)
        if self.slip.entered.pop(channel_id, None) is not None:
            await self.recoveries.save(self.slip)

"""Puts messages and revisions of other nodes into the order of the lanes.

Guarantees: a message that no connection here may get is not built, only skipped; a message that
cannot be read harms no other one, and its channel is read from the log. Must not know: bytes, what
carries bulletins.
"""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from hub.actor.hub import Hub
from hub.cluster.bulletins import Changed
from hub.cluster.codec import BadBulletin, StoredMessages
from hub.services.posting.lane import Lane
from hub.services.posting.messaging import Messaging
from hub.services.posting.order import Outgoing
from persistence.nodes import Head
from protocol.model import ChannelId, MessageId, UserId

_UNKNOWN: Final = MessageId(0)


@frozen
class Inbox:
    """Implements `hub.cluster.receiving.Inbox`, and `hub.cluster.repair.Suspect`.

    Args:
        messaging: has the lanes.
        hub: delivers.
    """

    messaging: Messaging
    hub: Hub

    async def stored(self, messages: StoredMessages) -> None:
        """See `hub.cluster.receiving.Inbox`."""
        out, damage = Outgoing(), None
        for index, (channel_id, seq, message_id) in enumerate(messages.places):
            lane = self._lane(channel_id, messages.pairs[index])
            workspace_id = messages.workspace_ids[index]
            if not self.messaging.wants(channel_id, workspace_id, messages.concerned(index)):
                lane.skip(channel_id, seq, message_id)
                continue
            try:
                posted, author = messages.build(index)
            except BadBulletin as error:
                damage = error
                lane.doubt_channels({channel_id: 0})
            else:
                lane.receive(posted, author, out)
        await out.send(self.hub)
        if damage is not None:
            raise damage

    async def changed(self, changed: Changed) -> None:
        """See `hub.cluster.receiving.Inbox`."""
        out = Outgoing()
        for each in changed.items:
            lane = self._lane(each.revised.message.channel_id, each.pair)
            lane.receive_revision(each.revised, each.revision, each.user, out)
        await out.send(self.hub)

    def suspect(self, heads: Sequence[Head]) -> int:
        """See `hub.cluster.repair.Suspect`."""
        count = 0
        for head in heads:
            lane = self._lane(head.channel_id, head.pair)
            if not self.messaging.wants(head.channel_id, head.workspace_id, head.pair or ()):
                lane.skip(head.channel_id, head.last_seq, _UNKNOWN, is_own=True)
            elif lane.lacks(head.channel_id, head.last_seq, head.last_rev):
                lane.doubt_channels({head.channel_id: head.last_rev})
                count += 1
        return count

    def take_doubt(self) -> bool:
        """See `hub.cluster.receiving.Inbox`."""
        found = [lane.sequencer.take_doubt() for lane in self.messaging.lanes]
        return any(found)

    def _lane(self, channel_id: ChannelId, pair: Sequence[UserId] | None) -> Lane:
        return self.messaging.lane(channel_id if pair is None else frozenset(pair))

"""One typing indicator, and the deliveries that it leads to.

Must not know: whether it may be delivered, and when it ends.
"""

from datetime import UTC, datetime
from typing import TypeAlias

from attrs import evolve, frozen

from hub.actor.client import Client
from hub.actor.letters import ChannelRoom, Delivery, Room, ToRooms, ToUsers, WorkspaceRoom
from hub.services.typing.running import End, Place
from protocol.events import ChannelTyping, TypingChanged
from protocol.model import Channel, ChannelId, User, UserId

Pair: TypeAlias = tuple[UserId, UserId]


@frozen
class Indicator:
    """An indicator for one recipient. `source`: the connection that sent it and does not get it.
    `number`: later ones have higher numbers.
    """

    author: User
    recipient_id: UserId
    is_typing: bool
    source: Client
    number: int

    @property
    def place(self) -> Place:
        """The author, and the recipient."""
        return self.author.id, self.recipient_id

    @property
    def pair(self) -> Pair:
        """The author and the recipient."""
        return self.author.id, self.recipient_id

    def delivery(self) -> Delivery:
        """The delivery to the recipient."""
        event = TypingChanged(
            self.author.id,
            self.author.username,
            self.author.name,
            self.recipient_id,
            self.is_typing,
            datetime.now(UTC),
        )
        return Delivery(event, ToUsers((self.recipient_id,)))

    def end(self, channel_id: ChannelId | None) -> End:
        """The function that makes the deliveries of its end."""
        return lambda _: evolve(self, is_typing=False).deliveries(channel_id)

    def deliveries(self, channel_id: ChannelId | None) -> list[Delivery]:
        """The deliveries to the recipient, and to the connections in the dm channel, if there is
        one.
        """
        if channel_id is None:
            return [self.delivery()]
        event = ChannelTyping(channel_id, None, self.author, self.is_typing)
        rooms = ToRooms((ChannelRoom(channel_id),), besides=self.source)
        return [self.delivery(), Delivery(event, rooms)]


@frozen
class ChannelIndicator:
    """An indicator in a channel. `hidden_from`: the users who do not get it; the rest is as in
    `Indicator`.
    """

    author: User
    channel: Channel
    is_typing: bool
    source: Client
    number: int
    hidden_from: frozenset[UserId] = frozenset()

    @property
    def place(self) -> Place:
        """The author, and the channel."""
        return self.author.id, ChannelRoom(self.channel.id)

    def delivery(self) -> Delivery:
        """The delivery to the channel and its workspace."""
        channel = self.channel
        rooms: list[Room] = [ChannelRoom(channel.id)]
        if channel.workspace_id is not None:
            rooms.append(WorkspaceRoom(channel.workspace_id))
        event = ChannelTyping(channel.id, channel.workspace_id, self.author, self.is_typing)
        to = ToRooms(rooms, besides=self.source, besides_users=self.hidden_from)
        return Delivery(event, to)

    def end(self) -> End:
        """The function that makes the deliveries of its end."""
        return lambda hidden_from: [
            evolve(self, is_typing=False, hidden_from=hidden_from).delivery()
        ]

"""Which events a stored message leads to, and their audiences.

Must not know: how it was stored, or in which order it is delivered.
"""

from hub.actor.client import Client
from hub.actor.letters import (
    ChannelRoom,
    Delivery,
    Room,
    ToClients,
    ToOutsider,
    ToRooms,
    ToUsers,
    WorkspaceRoom,
)
from protocol.events import ChannelMessagePosted, MessageConfirmed, PrivateMessagePosted
from protocol.model import Message, Posted, User, UserId


def confirmations(message: Message, client: Client) -> list[Delivery]:
    """Two forms of the confirmation, of which the connection gets one: if it is in the channel at
    delivery, the one with a place among the channel's messages, else the one without.
    """
    room = ChannelRoom(message.channel_id)
    return [
        Delivery(MessageConfirmed(message, joined=True), ToClients((client,), room)),
        Delivery(MessageConfirmed(message, joined=False), ToOutsider(client, room)),
    ]


def deliveries_of(posted: Posted, author: User, besides: Client | None = None) -> list[Delivery]:
    """The deliveries of a committed message: to both users of a private one, and to connections
    that have joined the channel or follow its workspace.
    """
    message = posted.message
    rooms: list[Room] = [ChannelRoom(message.channel_id)]
    if posted.workspace_id is not None:
        rooms.append(WorkspaceRoom(posted.workspace_id))
    in_channel = ChannelMessagePosted(message, author, posted.workspace_id)
    deliveries = [Delivery(in_channel, ToRooms(rooms, besides=besides))]
    if message.recipient_id is not None:
        deliveries.append(private_delivery(message, author, message.recipient_id))
    return deliveries


def private_delivery(message: Message, author: User, recipient_id: UserId) -> Delivery:
    """The delivery to the two users of a private message."""
    event = PrivateMessagePosted(message, author, recipient_id)
    return Delivery(event, ToUsers((message.author_id, recipient_id)))

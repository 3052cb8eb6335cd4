"""How Socket.IO's clients see messages, channels and users. See docs/dialects/channel_messages.md.

Guarantees: a message looks the same live and in history. Must not know: for whom it is shown.
"""

from collections.abc import Callable, Sequence
from typing import Final

from protocol.model import Channel, DeliveryStatus, Message, User
from protocol.shapes.timestamps import timestamp
from protocol.shapes.uuids import IdKind, to_uuid

MAX_CONTENT_CHARS: Final = 2_000  # of a message
COUNTS: Final = "_count"  # of a channel


def channel_message_object(
    message: Message, author: User, render: Callable[[str], str] | None = None
) -> dict[str, object]:
    """A message; see docs/dialects/channel_messages.md#message-object.

    `render`: makes the HTML of `renderedContent`; None: there is none.
    """
    view: dict[str, object] = {
        "id": to_uuid(IdKind.MESSAGE, message.id),
        "content": message.content,
        "channelId": to_uuid(IdKind.CHANNEL, message.channel_id),
        "userId": to_uuid(IdKind.USER, message.author_id),
        "createdAt": timestamp(message.created_at),
        "updatedAt": timestamp(message.created_at),
        "deliveryStatus": message.status,
        "user": {
            "id": to_uuid(IdKind.USER, author.id),
            "name": author.name,
            "username": author.username,
            "avatar": author.avatar,
        },
        "userName": author.name,
        "seq": message.seq,
    }
    if message.parent_id is not None:
        view["parentId"] = to_uuid(IdKind.MESSAGE, message.parent_id)
    if message.key is not None:
        view["tempId"] = message.key
    if render is not None:
        view["renderedContent"] = render(message.content)
    return view


def sent_object(message: Message) -> dict[str, object]:
    """What confirms to its author that a message was stored."""
    view: dict[str, object] = {
        "messageId": to_uuid(IdKind.MESSAGE, message.id),
        "channelId": to_uuid(IdKind.CHANNEL, message.channel_id),
        "status": DeliveryStatus.SENT,
        "seq": message.seq,
    }
    return view if message.key is None else {**view, "tempId": message.key}


def channel_object(
    channel: Channel, name: str, users: Sequence[User], *, members: int, messages: int
) -> dict[str, object]:
    """A channel that the caller is in; see docs/dialects/channel_messages.md#channel-object.

    Args:
        channel: of a workspace, or a dm.
        name: as the caller sees it.
        users: those of its members that are shown.
        members: how many it has.
        messages: how many were stored in it.
    """
    view: dict[str, object] = {
        "id": to_uuid(IdKind.CHANNEL, channel.id),
        "name": name,
        "type": "PUBLIC" if channel.pair is None else "DM",
        "createdAt": timestamp(channel.created_at),
        "updatedAt": timestamp(channel.created_at),
        "isJoined": True,
        COUNTS: {"members": members, "messages": messages},
        "members": [
            {"userId": to_uuid(IdKind.USER, user.id), "role": "MEMBER", "user": user_object(user)}
            for user in users
        ],
    }
    return view if channel.subject is None else {**view, "description": channel.subject}


def user_object(user: User) -> dict[str, object]:
    """A user as others may see them; see docs/dialects/channel_messages.md#rest."""
    return {
        "id": to_uuid(IdKind.USER, user.id),
        "name": user.name,
        "username": user.username,
        "imageUrl": user.avatar,
    }

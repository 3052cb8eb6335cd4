"""How Socket.IO's clients see messages. See docs/dialects/channel_messages.md.

Guarantees: a message looks the same live and in history. Must not know: for whom it is shown.
"""

from collections.abc import Callable
from typing import Final

from protocol.model import DeliveryStatus, Message, User
from protocol.shapes.timestamps import timestamp
from protocol.shapes.uuids import IdKind, to_uuid

MAX_CONTENT_CHARS: Final = 2_000  # of a message


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

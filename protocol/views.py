"""How domain values look in JSON, where several dialects or REST share the shape.

Guarantees: the same message looks the same live and in history. Must not know: who is looking.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from protocol.conversations import conversation_id
from protocol.model import Channel, Message, MessageKind, User, UserId, Workspace
from protocol.uuids import IdKind, to_uuid

MILLISECONDS: Final = len("2024-01-01T12:00:00.000")


def timestamp(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2024-01-01T12:00:00.000Z` (contract, reading guide)."""
    return f"{at.isoformat(timespec='milliseconds')[:MILLISECONDS]}Z"


def private_message_object(message: Message, recipient_id: UserId) -> dict[str, object]:
    """A private message as seed 004's clients read it (contract E.2).

    `receiver_id` is documented, `recipient_id` is what existing clients filter on: both go out.
    Additions are `seq`, `client_id`, and, where there is something to say, `message_type`,
    `file_url`, `parent_id` and `is_delivered`.
    """
    view: dict[str, object] = {
        "id": message.id,
        "content": message.content,
        "sender_id": message.author_id,
        "receiver_id": recipient_id,
        "recipient_id": recipient_id,
        "created_at": timestamp(message.created_at),
        "is_read": message.is_read,
        "seq": message.seq,
    }
    if message.key is not None:
        view["client_id"] = message.key
    if message.kind is not MessageKind.TEXT:
        view["message_type"] = message.kind
    if message.file_url is not None:
        view["file_url"] = message.file_url
    if message.parent_id is not None:
        view["parent_id"] = message.parent_id
    if message.is_delivered:
        view["is_delivered"] = True
    return view


def chat_message_object(message: Message, author: User) -> dict[str, object]:
    """A message as the learning platform's clients read it (contract A.3).

    `messageType` is documented, one generation of clients reads `type`: both go out. `seq` and
    `clientMessageId` are Parlour's additions.
    """
    view: dict[str, object] = {
        "id": message.id,
        "channelId": message.channel_id,
        "authorId": message.author_id,
        "authorUsername": author.username,
        "content": message.content,
        "messageType": message.kind,
        "type": message.kind,
        "fileUrl": message.file_url,
        "readBy": message.read_by,
        "createdAt": timestamp(message.created_at),
        "isPinned": message.is_pinned,
        "isHomework": message.is_homework,
        "gradingStatus": message.grading,
        "seq": message.seq,
    }
    if message.parent_id is not None:
        view["parentId"] = message.parent_id
    if message.key is not None:
        view["clientMessageId"] = message.key
    return view


def conversation_message_object(message: Message, author: User) -> dict[str, object]:
    """A private message as the messenger's clients read it (contract B.4)."""
    view: dict[str, object] = {
        "id": str(message.id),
        "messageId": str(message.id),
        "conversationId": conversation_id(message.author_id, recipient_of(message)),
        "senderId": message.author_id,
        "senderName": author.name,
        "senderRole": author.role,
        "recipientId": message.recipient_id,
        "content": message.content,
        "timestamp": timestamp(message.created_at),
        "readBy": message.read_by,
        "isRead": message.is_read,
        "messageType": message.kind,
        "seq": message.seq,
    }
    if message.file_url is not None:
        view["fileUrl"] = message.file_url
    if message.key is not None:
        view["clientMessageId"] = message.key
    return view


def recipient_of(message: Message) -> UserId:
    """The recipient of a private message.

    Raises:
        ValueError: it is not one.
    """
    if message.recipient_id is None:
        raise ValueError("not a private message")
    return message.recipient_id


def channel_object(channel: Channel) -> dict[str, object]:
    """A channel (contract R.2)."""
    return {
        "id": channel.id,
        "workspaceId": channel.workspace_id,
        "name": channel.name,
        "type": channel.kind,
        "class": channel.class_name,
        "subject": channel.subject,
        "pinnedMessages": channel.pinned,
        "createdAt": timestamp(channel.created_at),
    }


def workspace_object(workspace: Workspace) -> dict[str, object]:
    """A workspace (contract C)."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
        "ownerId": workspace.owner_id,
        "members": workspace.members,
        "createdAt": timestamp(workspace.created_at),
    }


def member_object(user: User) -> dict[str, object]:
    """A user as the other members see them."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "role": user.role,
        "avatar": user.avatar,
        "class": user.class_name,
        "subject": user.subject,
    }


def account_object(user: User) -> dict[str, object]:
    """A user as they see themself, without the password (contract R.1)."""
    return member_object(user) | {
        "email": user.email,
        "createdAt": timestamp(user.created_at),
    }


def channel_message_object(
    message: Message, author: User, render: Callable[[str], str] | None = None
) -> dict[str, object]:
    """A message as Socket.IO's clients read it (contract D.4), rendered if `render` is given."""
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

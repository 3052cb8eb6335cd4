"""The frames of `/ws/chat` for messages that were changed. See docs/delivery.md#revisions."""

from typing import Literal, TypeAlias, TypedDict

from protocol.events import ChannelMessageRevised
from protocol.model import ChannelId, MessageId, User, UserId
from protocol.revisions import Grade, Pin, React
from protocol.shapes.revisions import StateObject, state_object


class ModeratorObject(TypedDict):
    """The user who pinned, unpinned or graded a message."""

    userId: UserId
    displayName: str


class MessageRevisedFrame(StateObject[MessageId, UserId]):
    """A message of a channel that the client has joined was changed."""

    type: Literal["message_updated", "message_deleted", "message_reaction"]
    messageId: MessageId
    channelId: ChannelId


class MessagePinnedFrame(StateObject[MessageId, UserId]):
    """A message of a channel that the client has joined was pinned."""

    type: Literal["message_pinned"]
    messageId: MessageId
    pinnedBy: ModeratorObject
    channelId: ChannelId


class MessageUnpinnedFrame(StateObject[MessageId, UserId]):
    """A message of a channel that the client has joined is pinned no more."""

    type: Literal["message_unpinned"]
    messageId: MessageId
    unpinnedBy: ModeratorObject
    channelId: ChannelId


class MessageGradedFrame(StateObject[MessageId, UserId]):
    """A homework in a channel that the client has joined was graded."""

    type: Literal["message_graded"]
    messageId: MessageId
    gradedBy: ModeratorObject
    channelId: ChannelId


_Revised: TypeAlias = (
    MessageRevisedFrame | MessagePinnedFrame | MessageUnpinnedFrame | MessageGradedFrame
)


def revised_frame(event: ChannelMessageRevised) -> tuple[_Revised]:
    """The frame for a changed message; pins and grades have frames of their own."""
    match event.revision:
        case Pin() if event.user is not None:
            return (_pinned(event, event.user),)
        case Grade() if event.user is not None:
            return (_graded(event, event.user),)
    frame: MessageRevisedFrame = {
        "type": "message_updated",
        "messageId": event.message.id,
        "channelId": event.message.channel_id,
        **state_object(event, MessageId, UserId),
    }
    if event.message.is_deleted:
        frame["type"] = "message_deleted"
    elif isinstance(event.revision, React):
        frame["type"] = "message_reaction"
    return (frame,)


def _pinned(event: ChannelMessageRevised, user: User) -> MessagePinnedFrame | MessageUnpinnedFrame:
    message = event.message
    if message.is_pinned:
        pinned: MessagePinnedFrame = {
            "type": "message_pinned",
            "messageId": message.id,
            "pinnedBy": _moderator(user),
            "channelId": message.channel_id,
            **state_object(event, MessageId, UserId),
        }
        return pinned
    unpinned: MessageUnpinnedFrame = {
        "type": "message_unpinned",
        "messageId": message.id,
        "unpinnedBy": _moderator(user),
        "channelId": message.channel_id,
        **state_object(event, MessageId, UserId),
    }
    return unpinned


def _graded(event: ChannelMessageRevised, user: User) -> MessageGradedFrame:
    return {
        "type": "message_graded",
        "messageId": event.message.id,
        "gradedBy": _moderator(user),
        "channelId": event.message.channel_id,
        **state_object(event, MessageId, UserId),
    }


def _moderator(user: User) -> ModeratorObject:
    return {"userId": user.id, "displayName": user.name}

"""The notes of a user: what a device sends, over REST or in a frame, and what it receives."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from attrs import frozen

from protocol.model import ChannelId, Message, MessageId, UserId
from protocol.shapes.uuids import IdKind, to_uuid
from tests.simulation.languages.language import Call, Places


@frozen
class MarkUnread:
    """Messages from this one on count as unread."""

    message: Message


@frozen
class Hide:
    """A message is hidden, or shown again."""

    message: Message
    is_hidden: bool


@frozen
class Mute:
    """A channel is muted for good, or not any more."""

    channel_id: ChannelId
    is_muted: bool


Wish: TypeAlias = MarkUnread | Hide | Mute


@frozen
class ChannelNoted:
    """The note of a channel after the change with this number."""

    channel_id: ChannelId
    number: int
    unread_from: int | None
    is_muted: bool


@frozen
class MessageNoted:
    """Whether a message is hidden after the change with this number."""

    channel_id: ChannelId
    number: int
    message_id: MessageId
    seq: int
    is_hidden: bool


Noted: TypeAlias = ChannelNoted | MessageNoted


def channel_noted(channel_id: ChannelId, view: Mapping[str, Any]) -> ChannelNoted:
    """The note that a frame or a response shows, in any dialect."""
    unread_from = view["unread_from"] if "unread_from" in view else view["unreadFrom"]
    is_muted = view["is_muted"] if "is_muted" in view else view["isMuted"]
    return ChannelNoted(channel_id, view["note"], unread_from, is_muted)


def message_noted(
    channel_id: ChannelId, message_id: MessageId, view: Mapping[str, Any]
) -> MessageNoted:
    """See `channel_noted`."""
    is_hidden = view["is_hidden"] if "is_hidden" in view else view["isHidden"]
    return MessageNoted(channel_id, view["note"], message_id, view["seq"], is_hidden)


LEARNING: Final = "/learning_platform/api"
PRIVATE: Final = "/private_messages/api"


def note_over_rest(places: Places, me: UserId, wish: Wish) -> Call:
    """A note over REST, in the dialect of its channel."""
    channel_id = wish.channel_id if isinstance(wish, Mute) else wish.message.channel_id
    is_room = channel_id in places.rooms
    base = LEARNING if is_room else PRIVATE
    match wish:
        case MarkUnread(message=message):
            return Call("PUT", f"{base}/messages/{message.id}/unread")
        case Hide(message=message, is_hidden=is_hidden):
            return Call(_method(is_hidden), f"{base}/messages/{message.id}/hidden")
        case Mute(is_muted=is_muted) if is_room:
            return Call(_method(is_muted), f"{base}/channels/{channel_id}/muted")
        case Mute(is_muted=is_muted):
            peer = places.peer(me, channel_id)
            return Call(_method(is_muted), f"{base}/messages/{peer}/muted")


def _method(is_so: bool) -> str:
    return "PUT" if is_so else "DELETE"


def note_in_learning_chat(wish: Wish) -> Any:
    """A frame of `/ws/chat`."""
    match wish:
        case MarkUnread(message=message):
            return _about(message, "mark_unread")
        case Hide(message=message, is_hidden=is_hidden):
            return _about(message, "hide_message" if is_hidden else "unhide_message")
        case Mute(channel_id=channel_id, is_muted=is_muted):
            kind = "mute_channel" if is_muted else "unmute_channel"
            return {"type": kind, "channelId": channel_id}


def _about(message: Message, kind: str) -> Any:
    return {"type": kind, "channelId": message.channel_id, "messageId": message.id}


def note_in_messenger(places: Places, me: UserId, wish: Wish) -> Any:
    """A frame of `/messagepal`."""
    match wish:
        case MarkUnread(message=message):
            return {"type": "mark_unread", "messageId": str(message.id)}
        case Hide(message=message, is_hidden=is_hidden):
            kind = "hide_message" if is_hidden else "unhide_message"
            return {"type": kind, "messageId": str(message.id)}
        case Mute(channel_id=channel_id, is_muted=is_muted):
            kind = "mute_conversation" if is_muted else "unmute_conversation"
            return {"type": kind, "recipientId": places.peer(me, channel_id)}


def note_in_socketio(wish: Wish) -> Any:
    """An event of Socket.IO."""
    match wish:
        case MarkUnread(message=message):
            return ["message:unread", {"messageId": to_uuid(IdKind.MESSAGE, message.id)}]
        case Hide(message=message, is_hidden=is_hidden):
            name = "message:hide" if is_hidden else "message:unhide"
            return [name, {"messageId": to_uuid(IdKind.MESSAGE, message.id)}]
        case Mute(channel_id=channel_id, is_muted=is_muted):
            name = "channel:mute" if is_muted else "channel:unmute"
            return [name, {"channelId": to_uuid(IdKind.CHANNEL, channel_id)}]


def noted_in(wish: Wish, view: Mapping[str, Any]) -> Noted:
    """The note that the response to a call shows."""
    if isinstance(wish, Hide):
        return message_noted(wish.message.channel_id, wish.message.id, view)
    channel_id = wish.channel_id if isinstance(wish, Mute) else wish.message.channel_id
    return channel_noted(channel_id, view)

"""The Socket.IO events a client receives. See docs/dialects/channel_messages.md#frames."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from protocol.dialect import Render, omitting
from protocol.dialects.channel_messages.errors import shown_refusal
from protocol.dialects.channel_messages.shapes import channel_message_object, sent_object
from protocol.events import (
    ChannelCreated,
    ChannelMessagePosted,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsAdded,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    ConversationHistory,
    ConversationRevoked,
    ConversationsResumed,
    ConversationSubscribed,
    Event,
    HeartbeatAcknowledged,
    JoinedChannel,
    LeftChannel,
    MemberAdded,
    MemberRemoved,
    MessageConfirmed,
    MessagesSeen,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    Ready,
    Refused,
    Shed,
    TypingChanged,
    WorkspacePresence,
)
from protocol.model import ChannelId, DeliveryStatus
from protocol.shapes.uuids import IdKind, to_uuid

NamedEvents: TypeAlias = tuple[tuple[str, Mapping[str, object]], ...]
"""Socket.IO events: (name, payload)."""


def _positions(after: Mapping[ChannelId, int]) -> dict[str, int]:
    return {to_uuid(IdKind.CHANNEL, channel_id): seq for channel_id, seq in after.items()}


def _posted(event: ChannelMessagePosted, render: Render | None) -> NamedEvents:
    return (("message:new", channel_message_object(event.message, event.author, render)),)


def _typing(event: ChannelTyping, _: Render | None) -> NamedEvents:
    name = "message:typing:start" if event.is_typing else "message:typing:stop"
    payload = {
        "userId": to_uuid(IdKind.USER, event.user_id),
        "userName": event.username,
        "channelId": to_uuid(IdKind.CHANNEL, event.channel_id),
        "isTyping": event.is_typing,
    }
    return ((name, payload),)


def _seen(event: MessagesSeen, _: Render | None) -> NamedEvents:
    name = "message:read" if event.status is DeliveryStatus.READ else "message:delivered"
    return tuple(
        (
            name,
            {
                "messageId": to_uuid(IdKind.MESSAGE, message_id),
                "channelId": to_uuid(IdKind.CHANNEL, event.channel_id),
                "status": event.status,
                "userId": to_uuid(IdKind.USER, event.user_id),
            },
        )
        for message_id in event.message_ids
    )


def _left(event: LeftChannel, _: Render | None) -> NamedEvents:
    if event.reason is None:
        return ()  # the acknowledgement of `room:leave` says it
    left = {"channelId": to_uuid(IdKind.CHANNEL, event.channel_id), "reason": event.reason}
    return (("channel:revoked", left),)


def _refused(event: Refused, _: Render | None) -> NamedEvents:
    shown = shown_refusal(event)
    payload = {"error": shown.text, "message": shown.text, "code": shown.code}
    if event.key is not None:
        payload["tempId"] = event.key
    return (("message:error", payload),)


def _confirmed(event: MessageConfirmed, _: Render | None) -> NamedEvents:
    return (("message:sent", sent_object(event.message)),)


def _resumed(event: ChannelsResumed, _: Render | None) -> NamedEvents:
    return (("resumed", {"complete": event.complete, "after": _positions(event.after)}),)


def _shed(event: Shed, _: Render | None) -> NamedEvents:
    return (("shed", {"events": event.count}),)


ENCODERS: Final[Mapping[type[Event], Callable[[Any, Render | None], NamedEvents]]] = {
    ChannelMessagePosted: _posted,
    ChannelTyping: _typing,
    MessagesSeen: _seen,
    LeftChannel: _left,
    MessageConfirmed: _confirmed,
    ChannelsResumed: _resumed,
    Refused: _refused,
    Shed: _shed,
}


OMITS: Final = omitting(
    {
        "private messages, their receipts and typing arrive in their dm channel": (
            PrivateMessagePosted,
            PrivateMessagesRead,
            PrivateMessagesDelivered,
            TypingChanged,
            ConversationRevoked,
            ConversationSubscribed,
            ConversationHistory,
            ConversationsResumed,
        ),
        "receipts arrive as MessagesSeen, and only for the author": (ChannelMessagesRead,),
        "the acknowledgement of the request says it": (
            Connected,
            JoinedChannel,
            HeartbeatAcknowledged,
        ),
        "clients do not show who is online": (PresenceChanged, WorkspacePresence, ChannelPresence),
        "clients do not see workspaces": (Ready, ChannelCreated, MemberAdded, MemberRemoved),
        "clients list their channels over REST": (ChannelsAdded,),
    }
)

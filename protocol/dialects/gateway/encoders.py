"""The frames a client of `/gateway` receives. See docs/dialects/gateway.md#frames."""

from collections.abc import Mapping
from typing import Final

import orjson

from protocol.dialect import (
    Encoders,
    omitting,
)
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
from protocol.model import User, Workspace
from protocol.shapes.learning_platform import (
    account_object,
    channel_object,
    chat_message_object,
    member_object,
    workspace_object,
)

_HEARTBEAT_ACK: Final = b'{"op":"HEARTBEAT_ACK"}'


def _dispatch(kind: str, data: Mapping[str, object]) -> tuple[bytes, ...]:
    return (orjson.dumps({"t": kind, "d": data}),)


def _ready(event: Ready) -> tuple[bytes, ...]:
    guilds = [workspace_object(workspace) for workspace in event.workspaces]
    return _dispatch("READY", {"user": account_object(event.user), "guilds": guilds})


def _posted(event: ChannelMessagePosted) -> tuple[bytes, ...]:
    message = chat_message_object(event.message, event.author)
    return _dispatch("MESSAGE_CREATE", {**message, "workspaceId": event.workspace_id})


def _typing(event: ChannelTyping) -> tuple[bytes, ...]:
    if not event.is_typing:
        return ()  # clients let the indicator run out
    data = {
        "userId": event.user_id,
        "username": event.username,
        "channelId": event.channel_id,
        "workspaceId": event.workspace_id,
    }
    return _dispatch("TYPING_START", data)


def _presence(event: WorkspacePresence) -> tuple[bytes, ...]:
    data = {
        "userId": event.user_id,
        "status": "online" if event.online else "offline",
        "workspaceId": event.workspace_id,
    }
    return _dispatch("PRESENCE_UPDATE", data)


def _channel_created(event: ChannelCreated) -> tuple[bytes, ...]:
    return _dispatch("CHANNEL_CREATE", channel_object(event.channel))


def _member_added(event: MemberAdded) -> tuple[bytes, ...]:
    return _dispatch("GUILD_MEMBER_ADD", _membership(event.workspace, event.user))


def _member_removed(event: MemberRemoved) -> tuple[bytes, ...]:
    return _dispatch("GUILD_MEMBER_REMOVE", _membership(event.workspace, event.user))


def _resumed(event: ChannelsResumed) -> tuple[bytes, ...]:
    positions = {str(channel_id): seq for channel_id, seq in event.after.items()}
    return _dispatch("RESUMED", {"complete": event.complete, "after": positions})


def _shed(event: Shed) -> tuple[bytes, ...]:
    return _dispatch("SHED", {"events": event.count})


def _heartbeat_acknowledged(_: HeartbeatAcknowledged) -> tuple[bytes, ...]:
    return (_HEARTBEAT_ACK,)


def _membership(workspace: Workspace, user: User) -> dict[str, object]:
    return {
        "workspaceId": workspace.id,
        "userId": user.id,
        "user": member_object(user),
        "guild": workspace_object(workspace),
    }


ENCODERS: Final[Encoders] = {
    ChannelMessagePosted: _posted,
    ChannelTyping: _typing,
    WorkspacePresence: _presence,
    Ready: _ready,
    ChannelCreated: _channel_created,
    MemberAdded: _member_added,
    MemberRemoved: _member_removed,
    ChannelsResumed: _resumed,
    Shed: _shed,
    HeartbeatAcknowledged: _heartbeat_acknowledged,
}


OMITS: Final = omitting(
    {
        "private messages, their receipts and typing are other dialects'": (
            PrivateMessagePosted,
            PrivateMessagesRead,
            PrivateMessagesDelivered,
            TypingChanged,
            ConversationRevoked,
            ConversationSubscribed,
            ConversationHistory,
            ConversationsResumed,
        ),
        "clients send no messages": (MessageConfirmed,),
        "clients show no receipts": (ChannelMessagesRead, MessagesSeen),
        "clients are in a whole workspace and do not join channels": (JoinedChannel, LeftChannel),
        "a new channel arrives as ChannelCreated, a new member as MemberAdded": (ChannelsAdded,),
        "presence arrives per workspace, as WorkspacePresence": (PresenceChanged, ChannelPresence),
        "nothing is sent before IDENTIFY, which READY answers": (Connected,),
        "what is refused is ignored silently": (Refused,),
    }
)

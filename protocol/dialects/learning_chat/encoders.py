"""The frames a client of `/ws/chat` receives. See docs/dialects/learning_chat.md#frames."""

from typing import Final, Literal, NotRequired, TypedDict

from protocol.bounds import parts_that_fit
from protocol.dialect import (
    Encoders,
    omitting,
)
from protocol.dialects.learning_chat.errors import TEXTS
from protocol.dialects.learning_chat.notes import noted_frame
from protocol.dialects.learning_chat.revisions import revised_frame
from protocol.errors import ErrorCode
from protocol.events import (
    Announced,
    ChannelCreated,
    ChannelDeleted,
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsAdded,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    ConversationBegun,
    ConversationHistory,
    ConversationRevoked,
    ConversationsResumed,
    ConversationSubscribed,
    HeartbeatAcknowledged,
    InvitationsChanged,
    JoinedChannel,
    LeftChannel,
    MemberAdded,
    MemberRemoved,
    MentionChanged,
    MessageConfirmed,
    MessagesSeen,
    Noted,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessageRevised,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    Ready,
    Refused,
    RequestChanged,
    Shed,
    ThreadReplied,
    TypingChanged,
    WorkspaceDeleted,
    WorkspacePresence,
)
from protocol.model import (
    ChannelId,
    DeliveryStatus,
    MessageId,
    Role,
    UserId,
)
from protocol.parsing.tagged import HEARTBEAT_ACK, HeartbeatAckFrame
from protocol.shapes.learning_platform import (
    ChannelHeadObject,
    ChatMessageObject,
    ThreadReplyObject,
    added_channel_object,
    chat_message_object,
    thread_reply_object,
)
from protocol.shapes.mentions import MentionState, mention_state
from protocol.shapes.resumed import ResumedFrame, resumed_object
from protocol.shapes.timestamps import Timestamp, timestamp


class ConnectedFrame(TypedDict):
    """The first frame of a connection. `epoch`: which log it is."""

    type: Literal["connected"]
    userId: UserId
    username: str
    displayName: str
    role: Role
    epoch: str


class NewMessageFrame(TypedDict):
    """A message of a channel that the client has joined."""

    type: Literal["new_message"]
    message: ChatMessageObject
    channelId: ChannelId


class ThreadReplyFrame(ThreadReplyObject):
    """A reply in a thread that the client's user follows."""

    type: Literal["thread_reply"]


class UserTypingFrame(TypedDict):
    """A user types in a channel that the client has joined."""

    type: Literal["user_typing"]
    userId: UserId
    username: str
    displayName: str
    channelId: ChannelId


class UserStopTypingFrame(TypedDict):
    """A user types no longer in a channel that the client has joined."""

    type: Literal["user_stop_typing"]
    userId: UserId
    username: str
    displayName: str
    channelId: ChannelId


class UserPresenceFrame(TypedDict):
    """A user joined or left a channel that the client has joined."""

    type: Literal["user_presence"]
    userId: UserId
    username: str
    status: Literal["online", "offline"]
    channelId: ChannelId


class MessageReadFrame(TypedDict):
    """A user has read a message."""

    type: Literal["message_read"]
    messageId: MessageId
    userId: UserId
    channelId: ChannelId


class MessageDeliveredFrame(TypedDict):
    """A message of the client's user has reached a user."""

    type: Literal["message_delivered"]
    messageId: MessageId
    userId: UserId
    channelId: ChannelId


class MentionFrame(MentionState[UserId]):
    """A message of any of the user's channels mentions the user, or does so no longer."""

    type: Literal["mention"]
    messageId: MessageId
    channelId: ChannelId


class JoinedFrame(TypedDict):
    """The client has joined a channel."""

    type: Literal["joined_channel"]
    channelId: ChannelId


class LeftFrame(TypedDict):
    """The client has left a channel. `reason`: why, if it did not ask for it."""

    type: Literal["left_channel"]
    channelId: ChannelId
    reason: NotRequired[str]


class ChannelsAddedFrame(TypedDict):
    """Channels that are new to the client's user."""

    type: Literal["channels_added"]
    channels: list[ChannelHeadObject]


class InvitationsFrame(TypedDict):
    """How many invitations wait for the client's user."""

    type: Literal["invitations_changed"]
    count: int


class ErrorFrame(TypedDict):
    """A frame was refused. `field`: its field that is at fault, if there is one."""

    type: Literal["error"]
    message: str
    code: ErrorCode
    clientMessageId: NotRequired[str]
    field: NotRequired[str]


class AnnouncementFrame(TypedDict):
    """An announcement of the operator to everybody."""

    type: Literal["announcement"]
    text: str
    timestamp: Timestamp


class ShedFrame(TypedDict):
    """So many frames were dropped, because the client reads too slowly."""

    type: Literal["shed"]
    events: int


def _connected(event: Connected) -> tuple[ConnectedFrame]:
    user = event.user
    frame: ConnectedFrame = {
        "type": "connected",
        "userId": user.id,
        "username": user.username,
        "displayName": user.name,
        "role": user.role,
        "epoch": event.epoch,
    }
    return (frame,)


def _posted(event: ChannelMessagePosted) -> tuple[NewMessageFrame]:
    message = chat_message_object(event.message, event.author)
    frame: NewMessageFrame = {
        "type": "new_message",
        "message": message,
        "channelId": event.message.channel_id,
    }
    return (frame,)


def _thread_replied(event: ThreadReplied) -> tuple[ThreadReplyFrame]:
    return ({"type": "thread_reply", **thread_reply_object(event)},)


def _user_typing(event: ChannelTyping) -> tuple[UserTypingFrame | UserStopTypingFrame]:
    user, channel_id = event.user, event.channel_id
    if event.is_typing:
        return (
            {
                "type": "user_typing",
                "userId": user.id,
                "username": user.username,
                "displayName": user.name,
                "channelId": channel_id,
            },
        )
    return (
        {
            "type": "user_stop_typing",
            "userId": user.id,
            "username": user.username,
            "displayName": user.name,
            "channelId": channel_id,
        },
    )


def _presence(event: ChannelPresence) -> tuple[UserPresenceFrame]:
    frame: UserPresenceFrame = {
        "type": "user_presence",
        "userId": event.user_id,
        "username": event.username,
        "status": "online" if event.online else "offline",
        "channelId": event.channel_id,
    }
    return (frame,)


def _messages_read(event: ChannelMessagesRead) -> tuple[MessageReadFrame, ...]:
    return tuple(
        {
            "type": "message_read",
            "messageId": message_id,
            "userId": event.reader_id,
            "channelId": event.channel_id,
        }
        for message_id in event.message_ids
    )


def _messages_seen(event: MessagesSeen) -> tuple[MessageDeliveredFrame, ...]:
    if event.status is not DeliveryStatus.DELIVERED:
        return ()  # message_read is sent instead, to everybody who has joined
    return tuple(
        {
            "type": "message_delivered",
            "messageId": message_id,
            "userId": event.user_id,
            "channelId": event.channel_id,
        }
        for message_id in event.message_ids
    )


def _mention(event: MentionChanged) -> tuple[MentionFrame]:
    frame: MentionFrame = {
        "type": "mention",
        "messageId": event.about.id,
        "channelId": event.about.channel_id,
        **mention_state(event, UserId),
    }
    return (frame,)


def _joined(event: JoinedChannel) -> tuple[JoinedFrame]:
    return ({"type": "joined_channel", "channelId": event.channel_id},)


def _left(event: LeftChannel) -> tuple[LeftFrame]:
    frame: LeftFrame = {"type": "left_channel", "channelId": event.channel_id}
    if event.reason is not None:
        frame["reason"] = event.reason
    return (frame,)


def _channels_added(event: ChannelsAdded) -> tuple[ChannelsAddedFrame, ...]:
    channels = [added_channel_object(*each) for each in event.channels]
    return tuple({"type": "channels_added", "channels": part} for part in parts_that_fit(channels))


def _invitations(event: InvitationsChanged) -> tuple[InvitationsFrame]:
    return ({"type": "invitations_changed", "count": event.count},)


def _resumed(event: ChannelsResumed) -> tuple[ResumedFrame]:
    return ({"type": "resumed", **resumed_object(event, str)},)


def _refused(event: Refused) -> tuple[ErrorFrame]:
    text = TEXTS.get(event.code, event.text)
    frame: ErrorFrame = {"type": "error", "message": text, "code": event.code}
    if event.key is not None:
        frame["clientMessageId"] = event.key
    if event.field is not None:
        frame["field"] = event.field
    return (frame,)


def _announced(event: Announced) -> tuple[AnnouncementFrame]:
    return ({"type": "announcement", "text": event.text, "timestamp": timestamp(event.at)},)


def _shed(event: Shed) -> tuple[ShedFrame]:
    return ({"type": "shed", "events": event.count},)


def _heartbeat_acknowledged(_: HeartbeatAcknowledged) -> tuple[HeartbeatAckFrame]:
    return (HEARTBEAT_ACK,)


ENCODERS: Final[Encoders] = {
    ChannelMessagePosted: _posted,
    ThreadReplied: _thread_replied,
    ChannelTyping: _user_typing,
    ChannelPresence: _presence,
    ChannelMessagesRead: _messages_read,
    MessagesSeen: _messages_seen,
    ChannelMessageRevised: revised_frame,
    MentionChanged: _mention,
    JoinedChannel: _joined,
    LeftChannel: _left,
    ChannelsAdded: _channels_added,
    InvitationsChanged: _invitations,
    ChannelsResumed: _resumed,
    Connected: _connected,
    Noted: noted_frame,
    Refused: _refused,
    Announced: _announced,
    Shed: _shed,
    HeartbeatAcknowledged: _heartbeat_acknowledged,
}


OMITS: Final = omitting(
    {
        "private messages arrive in their dm channel, also for the connection that sent one": (
            PrivateMessagePosted,
            PrivateMessageRevised,
            MessageConfirmed,
        ),
        "clients join a dm before they are sent anything of it": (ConversationBegun,),
        "receipts and typing of private messages arrive in their dm channel": (
            PrivateMessagesRead,
            PrivateMessagesDelivered,
            TypingChanged,
        ),
        "connections that may no longer see it leave the dm channel": (ConversationRevoked,),
        "message requests are accepted and declined on /ws": (RequestChanged,),
        "presence arrives per channel, as ChannelPresence": (PresenceChanged, WorkspacePresence),
        "other changes of a workspace are sent on /gateway": (
            Ready,
            ChannelCreated,
            MemberAdded,
            MemberRemoved,
            ChannelDeleted,
            WorkspaceDeleted,
        ),
        "no frame asks for it": (
            ConversationSubscribed,
            ConversationHistory,
            ConversationsResumed,
        ),
    }
)

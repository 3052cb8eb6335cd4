"""The Socket.IO events a client receives. See docs/dialects/channel_messages.md#frames."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal, NotRequired, TypeAlias, TypedDict

from protocol.dialect import Render, omitting
from protocol.dialects.channel_messages.errors import shown_refusal
from protocol.dialects.channel_messages.notes import (
    HiddenMessageObject,
    NotedChannelObject,
    hidden_message,
    noted_channel,
)
from protocol.dialects.channel_messages.shapes import (
    ChannelMessageObject,
    SentObject,
    channel_message_object,
    message_uuid,
    sent_object,
    user_uuid,
)
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
    Event,
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
from protocol.model import DeliveryStatus
from protocol.notes import ChannelNote
from protocol.revisions import Pin, React
from protocol.shapes.mentions import MentionState, mention_state
from protocol.shapes.resumed import ResumedObject, resumed_object
from protocol.shapes.revisions import StateObject, state_object
from protocol.shapes.threads import ThreadObject, thread_object
from protocol.shapes.timestamps import Timestamp, timestamp
from protocol.shapes.uuids import ChannelUuid, IdKind, MessageUuid, UserUuid, to_uuid

NamedEvents: TypeAlias = tuple[tuple[str, Mapping[str, object]], ...]
"""Socket.IO events: (name, payload)."""


class TypingObject(TypedDict):
    """A user started or stopped typing in a channel."""

    userId: UserUuid
    userName: str
    channelId: ChannelUuid
    isTyping: bool


class RevisedObject(StateObject[MessageUuid, UserUuid]):
    """A message was changed."""

    messageId: MessageUuid
    channelId: ChannelUuid


class MentionedObject(MentionState[UserUuid]):
    """A message of any of the user's channels mentions the user, or does so no longer."""

    messageId: MessageUuid
    channelId: ChannelUuid


class ThreadReplyObject(TypedDict):
    """A reply in a thread that the client's user follows."""

    messageId: MessageUuid
    channelId: ChannelUuid
    userId: UserUuid
    thread: ThreadObject[MessageUuid, UserUuid]


class SeenObject(TypedDict):
    """A message of the client's user was delivered to a user, or read by them."""

    messageId: MessageUuid
    channelId: ChannelUuid
    status: DeliveryStatus
    userId: UserUuid


class RevokedObject(TypedDict):
    """The client may no longer see a channel."""

    channelId: ChannelUuid
    reason: str


class ErrorEventObject(TypedDict):
    """An event was refused. `field`: the field of its payload that is at fault, if there is one."""

    error: str
    message: str
    code: ErrorCode
    tempId: NotRequired[str]
    field: NotRequired[str]


class AnnouncementObject(TypedDict):
    """An announcement of the operator to everybody."""

    text: str
    timestamp: Timestamp


class ShedObject(TypedDict):
    """So many events were dropped, because the client reads too slowly."""

    events: int


_RevisedName: TypeAlias = Literal[
    "message:updated", "message:deleted", "message:reaction", "message:pinned"
]
_Typing: TypeAlias = Literal["message:typing:start", "message:typing:stop"]
_Seen: TypeAlias = Literal["message:read", "message:delivered"]


_channel_uuid: Final = partial(to_uuid, IdKind.CHANNEL)


def _posted(
    event: ChannelMessagePosted | ConversationBegun, render: Render | None
) -> tuple[tuple[Literal["message:new"], ChannelMessageObject]]:
    return (("message:new", channel_message_object(event.message, event.author, render)),)


def _revised(
    event: ChannelMessageRevised, render: Render | None
) -> tuple[tuple[_RevisedName, RevisedObject]]:
    message = event.message
    payload: RevisedObject = {
        "messageId": to_uuid(IdKind.MESSAGE, message.id),
        "channelId": to_uuid(IdKind.CHANNEL, message.channel_id),
        **state_object(event, message_uuid, user_uuid),
    }
    if render is not None:
        payload["renderedContent"] = render(message.content)
    return ((_revised_name(event), payload),)


def _mention(
    event: MentionChanged, _: Render | None
) -> tuple[tuple[Literal["message:mention"], MentionedObject]]:
    payload: MentionedObject = {
        "messageId": to_uuid(IdKind.MESSAGE, event.about.id),
        "channelId": to_uuid(IdKind.CHANNEL, event.about.channel_id),
        **mention_state(event, user_uuid),
    }
    return (("message:mention", payload),)


def _revised_name(event: ChannelMessageRevised) -> _RevisedName:
    if event.message.is_deleted:
        return "message:deleted"
    match event.revision:
        case React():
            return "message:reaction"
        case Pin():
            return "message:pinned"
        case _:
            return "message:updated"


def _thread_replied(
    event: ThreadReplied, _: Render | None
) -> tuple[tuple[Literal["thread:reply"], ThreadReplyObject]]:
    payload: ThreadReplyObject = {
        "messageId": message_uuid(event.message.id),
        "channelId": _channel_uuid(event.message.channel_id),
        "userId": user_uuid(event.message.author_id),
        "thread": thread_object(event.thread, message_uuid, user_uuid),
    }
    return (("thread:reply", payload),)


def _typing(event: ChannelTyping, _: Render | None) -> tuple[tuple[_Typing, TypingObject]]:
    payload: TypingObject = {
        "userId": to_uuid(IdKind.USER, event.user.id),
        "userName": event.user.username,
        "channelId": to_uuid(IdKind.CHANNEL, event.channel_id),
        "isTyping": event.is_typing,
    }
    return (("message:typing:start" if event.is_typing else "message:typing:stop", payload),)


def _seen(event: MessagesSeen, _: Render | None) -> tuple[tuple[_Seen, SeenObject], ...]:
    is_read = event.status is DeliveryStatus.READ
    name: _Seen = "message:read" if is_read else "message:delivered"
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


def _left(
    event: LeftChannel, _: Render | None
) -> tuple[tuple[Literal["channel:revoked"], RevokedObject], ...]:
    if event.reason is None:
        return ()  # the acknowledgement of `room:leave` is enough
    left: RevokedObject = {
        "channelId": to_uuid(IdKind.CHANNEL, event.channel_id),
        "reason": event.reason,
    }
    return (("channel:revoked", left),)


def _refused(
    event: Refused, _: Render | None
) -> tuple[tuple[Literal["message:error"], ErrorEventObject]]:
    shown = shown_refusal(event)
    payload: ErrorEventObject = {"error": shown.text, "message": shown.text, "code": shown.code}
    if event.key is not None:
        payload["tempId"] = event.key
    if event.field is not None:
        payload["field"] = event.field
    return (("message:error", payload),)


def _confirmed(
    event: MessageConfirmed, _: Render | None
) -> tuple[tuple[Literal["message:sent"], SentObject]]:
    return (("message:sent", sent_object(event.message)),)


def _resumed(
    event: ChannelsResumed, _: Render | None
) -> tuple[tuple[Literal["resumed"], ResumedObject]]:
    return (("resumed", resumed_object(event, _channel_uuid)),)


_Noted: TypeAlias = (
    tuple[Literal["channel:noted"], NotedChannelObject]
    | tuple[Literal["message:hidden"], HiddenMessageObject]
)


def _noted(event: Noted, _: Render | None) -> tuple[_Noted]:
    if isinstance(event.note, ChannelNote):
        return (("channel:noted", noted_channel(event.note, event.at)),)
    return (("message:hidden", hidden_message(event.note)),)


def _announced(
    event: Announced, _: Render | None
) -> tuple[tuple[Literal["announcement"], AnnouncementObject]]:
    return (("announcement", {"text": event.text, "timestamp": timestamp(event.at)}),)


def _shed(event: Shed, _: Render | None) -> tuple[tuple[Literal["shed"], ShedObject]]:
    return (("shed", {"events": event.count}),)


ENCODERS: Final[Mapping[type[Event], Callable[[Any, Render | None], NamedEvents]]] = {
    ChannelMessagePosted: _posted,
    ChannelMessageRevised: _revised,
    MentionChanged: _mention,
    ConversationBegun: _posted,
    ThreadReplied: _thread_replied,
    ChannelTyping: _typing,
    MessagesSeen: _seen,
    LeftChannel: _left,
    MessageConfirmed: _confirmed,
    ChannelsResumed: _resumed,
    Noted: _noted,
    Refused: _refused,
    Announced: _announced,
    Shed: _shed,
}


OMITS: Final = omitting(
    {
        "private messages, their receipts and typing arrive in their dm channel": (
            PrivateMessagePosted,
            PrivateMessageRevised,
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
        "clients do not tell message requests from other conversations": (RequestChanged,),
        "clients do not see workspaces": (
            Ready,
            ChannelCreated,
            MemberAdded,
            MemberRemoved,
            InvitationsChanged,
            ChannelDeleted,
            WorkspaceDeleted,
        ),
        "clients list their channels over REST": (ChannelsAdded,),
    }
)

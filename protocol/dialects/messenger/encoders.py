"""The frames a client of the messenger receives. See docs/dialects/messenger.md#frames.

Every frame but `error` is `{type, payload, timestamp}`.
"""

from datetime import datetime
from functools import partial
from typing import Final, Generic, Literal, NotRequired, TypeAlias, TypedDict, TypeVar

from protocol.bounds import newest_that_fit
from protocol.dialect import (
    Encoders,
    omitting,
)
from protocol.dialects.messenger.conversations import (
    ConversationName,
    conversation_id,
)
from protocol.dialects.messenger.errors import TEXTS
from protocol.dialects.messenger.notes import (
    ConversationNoteObject,
    HiddenMessageObject,
    conversation_note,
    hidden_message,
)
from protocol.dialects.messenger.shapes import (
    ConversationMessageObject,
    conversation_message_object,
)
from protocol.errors import CONVERSATION_CLOSED, ErrorCode
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
from protocol.model import Role, UserId, with_authors
from protocol.notes import ChannelNote
from protocol.revisions import React
from protocol.shapes.mentions import MentionState, mention_state
from protocol.shapes.resumed import ResumedObject, resumed_object
from protocol.shapes.revisions import StateObject, state_object
from protocol.shapes.timestamps import Timestamp, timestamp

K = TypeVar("K")
P = TypeVar("P")


class Envelope(TypedDict, Generic[K, P]):
    """Every frame but `error`."""

    type: K
    payload: P
    timestamp: Timestamp


class ConnectedPayload(TypedDict):
    """The connection's user, the server's time, and the epoch of the log."""

    userId: UserId
    username: str
    role: Role
    serverTime: Timestamp
    epoch: str


class TypingPayload(TypedDict):
    """A user types to the client's user."""

    userId: UserId
    username: str
    recipientId: UserId


class MentionPayload(MentionState[UserId]):
    """A message of a conversation mentions the client's user, or does so no longer."""

    messageId: str
    conversationId: ConversationName


class RevisedPayload(StateObject[str, UserId]):
    """A message was changed."""

    messageId: str
    conversationId: ConversationName
    senderId: UserId


class ReadPayload(TypedDict):
    """A message was read."""

    messageId: str
    readBy: UserId
    readAt: Timestamp


class SubscribedPayload(TypedDict):
    """A conversation, by the name that the client gave."""

    conversationId: str


class UnsubscribedPayload(SubscribedPayload):
    """`reason`: why, if the client did not ask for it."""

    reason: NotRequired[str]


class HistoryPayload(TypedDict):
    """The newest messages of a conversation, oldest first. `complete`: false if they are fewer than
    was asked for, because they are large.
    """

    conversationId: ConversationName
    messages: list[ConversationMessageObject]
    complete: NotRequired[Literal[False]]


class AnnouncementPayload(TypedDict):
    """An announcement of the operator to everybody."""

    text: str


class ShedPayload(TypedDict):
    """So many frames were dropped, because the client reads too slowly."""

    events: int


class ErrorFrame(TypedDict):
    """A frame was refused. `field`: its field that is at fault, if there is one."""

    type: Literal["error"]
    message: str
    code: ErrorCode
    clientMessageId: NotRequired[str]
    field: NotRequired[str]


_Message = Envelope[Literal["message_received"], ConversationMessageObject]
_RevisedName: TypeAlias = Literal["message_updated", "message_deleted", "message_reaction"]
_Mention = Envelope[Literal["mention"], MentionPayload]
_Revised = Envelope[_RevisedName, RevisedPayload]
_Typing = Envelope[Literal["user_typing"], TypingPayload]
_Noted = Envelope[Literal["conversation_noted"], ConversationNoteObject]
_Hidden = Envelope[Literal["message_hidden"], HiddenMessageObject]
_Read = Envelope[Literal["message_read"], ReadPayload]
_Subscribed = Envelope[Literal["subscribed"], SubscribedPayload]
_Unsubscribed = Envelope[Literal["unsubscribed"], UnsubscribedPayload]


def _connected(event: Connected) -> tuple[Envelope[Literal["connected"], ConnectedPayload]]:
    payload: ConnectedPayload = {
        "userId": event.user.id,
        "username": event.user.username,
        "role": event.user.role,
        "serverTime": timestamp(event.at),
        "epoch": event.epoch,
    }
    return (_envelope("connected", payload, event.at),)


def _posted(event: PrivateMessagePosted) -> tuple[_Message]:
    payload = conversation_message_object(event.message, event.author)
    return (_envelope("message_received", payload, event.message.created_at),)


def _revised(event: PrivateMessageRevised) -> tuple[_Revised, ...]:
    message = event.message
    if message.recipient_id is None:
        return ()  # a message of the assistant
    payload: RevisedPayload = {
        "messageId": str(message.id),
        "conversationId": conversation_id(message.author_id, message.recipient_id),
        "senderId": message.author_id,
        **state_object(event, str, UserId),
    }
    name: _RevisedName = "message_updated"
    if message.is_deleted:
        name = "message_deleted"
    elif isinstance(event.revision, React):
        name = "message_reaction"
    return (_envelope(name, payload, event.at),)


def _mention(event: MentionChanged) -> tuple[_Mention, ...]:
    message = event.about
    if message.recipient_id is None:
        return ()  # in a channel, which clients do not see
    payload: MentionPayload = {
        "messageId": str(message.id),
        "conversationId": conversation_id(message.author_id, message.recipient_id),
        **mention_state(event, UserId),
    }
    return (_envelope("mention", payload, event.at),)


def _user_typing(event: TypingChanged) -> tuple[_Typing, ...]:
    if not event.is_typing:
        return ()  # clients let the indicator run out
    payload: TypingPayload = {
        "userId": event.user_id,
        "username": event.username,
        "recipientId": event.recipient_id,
    }
    return (_envelope("user_typing", payload, event.at),)


def _messages_read(event: PrivateMessagesRead) -> tuple[_Read, ...]:
    read_at = timestamp(event.at)
    return tuple(
        _envelope(
            "message_read",
            {"messageId": str(message_id), "readBy": event.reader_id, "readAt": read_at},
            event.at,
        )
        for message_id in event.message_ids
    )


def _subscribed(event: ConversationSubscribed) -> tuple[_Subscribed | _Unsubscribed]:
    at = timestamp(event.at)
    if event.subscribed:
        shown: _Subscribed = {
            "type": "subscribed",
            "payload": {"conversationId": event.conversation},
            "timestamp": at,
        }
        return (shown,)
    hidden: _Unsubscribed = {
        "type": "unsubscribed",
        "payload": {"conversationId": event.conversation},
        "timestamp": at,
    }
    return (hidden,)


def _revoked(event: ConversationRevoked) -> tuple[_Unsubscribed]:
    payload: UnsubscribedPayload = {
        "conversationId": conversation_id(event.user_id, event.peer_id),
        "reason": CONVERSATION_CLOSED,
    }
    return (_envelope("unsubscribed", payload, event.at),)


def _history(
    event: ConversationHistory,
) -> tuple[Envelope[Literal["history_response"], HistoryPayload]]:
    messages = [
        conversation_message_object(*each) for each in with_authors(event.messages, event.people)
    ]
    shown = newest_that_fit(messages)
    payload: HistoryPayload = {"conversationId": conversation_id(*event.pair), "messages": shown}
    if len(shown) < len(messages):
        payload["complete"] = False
    return (_envelope("history_response", payload, event.at),)


def _resumed(event: ConversationsResumed) -> tuple[Envelope[Literal["resumed"], ResumedObject]]:
    return (
        _envelope(
            "resumed", resumed_object(event, partial(conversation_id, event.user_id)), event.at
        ),
    )


def _noted(event: Noted) -> tuple[_Noted | _Hidden, ...]:
    if event.peer_id is None:
        return ()  # about a channel, for which there is no frame
    conversation = conversation_id(event.user_id, event.peer_id)
    if isinstance(event.note, ChannelNote):
        noted = conversation_note(event.note, conversation, event.at)
        shown: _Noted = _envelope("conversation_noted", noted, event.at)
        return (shown,)
    hidden: _Hidden = _envelope(
        "message_hidden", hidden_message(event.note, conversation), event.at
    )
    return (hidden,)


def _refused(event: Refused) -> tuple[ErrorFrame]:
    text = TEXTS.get(event.code, event.text)
    frame: ErrorFrame = {"type": "error", "message": text, "code": event.code}
    if event.key is not None:
        frame["clientMessageId"] = event.key
    if event.field is not None:
        frame["field"] = event.field
    return (frame,)


def _announced(event: Announced) -> tuple[Envelope[Literal["announcement"], AnnouncementPayload]]:
    return (_envelope("announcement", {"text": event.text}, event.at),)


def _shed(event: Shed) -> tuple[Envelope[Literal["shed"], ShedPayload]]:
    return (_envelope("shed", {"events": event.count}, event.at),)


def _envelope(kind: K, payload: P, at: datetime) -> Envelope[K, P]:
    return {"type": kind, "payload": payload, "timestamp": timestamp(at)}


ENCODERS: Final[Encoders] = {
    PrivateMessagePosted: _posted,
    PrivateMessageRevised: _revised,
    MentionChanged: _mention,
    TypingChanged: _user_typing,
    PrivateMessagesRead: _messages_read,
    ConversationHistory: _history,
    ConversationSubscribed: _subscribed,
    ConversationRevoked: _revoked,
    ConversationsResumed: _resumed,
    Connected: _connected,
    Noted: _noted,
    Refused: _refused,
    Announced: _announced,
    Shed: _shed,
}


OMITS: Final = omitting(
    {
        "private messages arrive as PrivateMessagePosted, also for the connection that sent one": (
            ChannelMessagePosted,
            ChannelMessageRevised,
            ConversationBegun,
            MessageConfirmed,
        ),
        "only that a message was read is shown, as PrivateMessagesRead": (
            ChannelMessagesRead,
            MessagesSeen,
            PrivateMessagesDelivered,
        ),
        "clients do not tell message requests from other conversations": (RequestChanged,),
        "clients do not show who is online": (PresenceChanged, WorkspacePresence, ChannelPresence),
        "a reply in a conversation is sent to every connection itself": (ThreadReplied,),
        "clients do not join channels": (
            JoinedChannel,
            LeftChannel,
            ChannelTyping,
            ChannelsResumed,
        ),
        "clients do not see workspaces": (
            Ready,
            ChannelCreated,
            ChannelsAdded,
            MemberAdded,
            MemberRemoved,
            InvitationsChanged,
            ChannelDeleted,
            WorkspaceDeleted,
        ),
        "clients send no heartbeat": (HeartbeatAcknowledged,),
    }
)

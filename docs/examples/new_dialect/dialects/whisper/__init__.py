"""`/whisper`: private messages as lines of plain text.

A client sends `<user id> <text>` to send a message, and `<user id>` to show that it types. It
receives such lines with the id of the author. Must not know: sockets, the store, other dialects.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from protocol.commands import Command, SendPrivateMessage, SetTyping
from protocol.dialect import (
    SESSION_COOKIE,
    AcceptAndClose,
    CodecLimits,
    Dialect,
    Heartbeat,
    Stranger,
    Vocabulary,
    frame_types,
    omitting,
)
from protocol.errors import CloseReason, ErrorCode, WireError
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
from protocol.model import UserId
from protocol.parsing.content import check_content
from protocol.parsing.resumption import parse_decimal


@frozen
class WhisperCodec:
    """Stateless: every line stands alone."""

    limits: CodecLimits

    def receive(self, text: str) -> Command:
        """The command in one line.

        Raises:
            WireError: INVALID_FIELD (no user id), or CONTENT_*.
        """
        name, space, content = text.partition(" ")
        number = parse_decimal(name)
        if number is None:
            raise WireError(ErrorCode.INVALID_FIELD, field="user id")
        if not space:
            return SetTyping(UserId(number), is_typing=True)
        content = check_content(content, self.limits.content_chars, field="text")
        return SendPrivateMessage(UserId(number), content)


def _hello(event: Connected) -> tuple[str]:
    return (f"hello {event.user.username}",)


def _posted(event: PrivateMessagePosted) -> tuple[str]:
    return (f"{event.message.author_id} {event.message.content}",)


def _typing(event: TypingChanged) -> tuple[str, ...]:
    return (str(event.user_id),) if event.is_typing else ()


def _refused(event: Refused) -> tuple[str]:
    return (f"no {event.code}",)


ENCODERS: Final[Mapping[type[Event], Callable[[Any], tuple[str, ...]]]] = {
    Connected: _hello,
    PrivateMessagePosted: _posted,
    TypingChanged: _typing,
    Refused: _refused,
}

OMITS: Final = omitting(
    {
        "private messages arrive as PrivateMessagePosted, also for the connection that sent one": (
            ChannelMessagePosted,
            ChannelMessageRevised,
            PrivateMessageRevised,
            MentionChanged,
            ConversationBegun,
            MessageConfirmed,
            ThreadReplied,
        ),
        "a line of text has no place for it": (
            PresenceChanged,
            PrivateMessagesRead,
            PrivateMessagesDelivered,
            ChannelMessagesRead,
            MessagesSeen,
            ConversationRevoked,
            RequestChanged,
            Noted,
            Announced,
            Shed,
        ),
        "no line asks for it": (
            ConversationHistory,
            ConversationSubscribed,
            ConversationsResumed,
            HeartbeatAcknowledged,
        ),
        "clients see neither channels nor workspaces": (
            JoinedChannel,
            LeftChannel,
            ChannelTyping,
            ChannelPresence,
            ChannelsResumed,
            Ready,
            WorkspacePresence,
            ChannelCreated,
            ChannelsAdded,
            MemberAdded,
            MemberRemoved,
            InvitationsChanged,
            ChannelDeleted,
            WorkspaceDeleted,
        ),
    }
)


@frozen(eq=False)
class Whisper:
    """Accepts every upgrade, so that a browser can read the close code."""

    name: str = "whisper"
    paths: tuple[str, ...] = ("/whisper",)
    session_cookie: str = SESSION_COOKIE
    heartbeat: Heartbeat = field(default=Heartbeat(interval=10.0, timeout=20.0))
    message_window: float | None = None
    encodes: frozenset[type[Event]] = field(default=frozenset(ENCODERS))
    omits: Mapping[type[Event], str] = field(default=OMITS)
    vocabulary: Vocabulary = field(
        default=Vocabulary({"line": str}, frame_types(ENCODERS), tag=None)
    )

    def reject(self, stranger: Stranger) -> AcceptAndClose:
        """One line, then 4001."""
        reason = CloseReason(4001, "Who are you?", reconnect=False)
        return AcceptAndClose((f"no {stranger.name.lower()}",), reason)

    def open(self, limits: CodecLimits) -> WhisperCodec:
        """A codec that enforces `limits`."""
        return WhisperCodec(limits)

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """One line for each event in `encodes`."""
        encoder = ENCODERS.get(type(event))
        return () if encoder is None else tuple(line.encode() for line in encoder(event))


DIALECT: Final[Dialect] = Whisper()

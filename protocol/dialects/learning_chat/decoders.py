"""The frames a client of `/ws/chat` may send. See docs/dialects/learning_chat.md#frames.

A field that is malformed counts as absent.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from attrs import frozen

from protocol.commands import (
    Command,
    HideMessage,
    JoinChannel,
    LeaveChannel,
    MarkDelivered,
    MarkRead,
    MarkUnread,
    MuteChannel,
    PostToChannel,
    ResumeChannels,
    ReviseMessage,
    TypeInChannel,
)
from protocol.dialect import (
    CodecLimits,
)
from protocol.dialects.learning_chat.errors import NOT_SAVED
from protocol.errors import ErrorCode, WireError
from protocol.model import ChannelId, MessageId, MessageKind
from protocol.notes import Mute
from protocol.parsing.content import (
    Content,
    FileUrl,
    IdempotencyKey,
    check_content,
    check_file_url,
    check_key,
)
from protocol.parsing.emoji import EmojiField
from protocol.parsing.muting import Until
from protocol.parsing.resumption import (
    NoteNumber,
    Positions,
    parse_channels,
    parse_decimal,
    parse_revs,
)
from protocol.parsing.tagged import HEARTBEAT, Decoders, lenient
from protocol.revisions import Delete, Edit, Pin, React, Revision
from protocol.schemas import Spelt

_NO_REACTION: Final = "channelId, messageId and emoji are required."


def _key(given: object) -> str | None:
    return check_key(given, field="clientMessageId") if isinstance(given, str) else None


def _trimmed(given: object) -> str | None:
    return given.strip() if isinstance(given, str) else None


def _content(given: object) -> str | None:
    return _trimmed(given) or None


def _kind(given: object) -> MessageKind | None:
    match given:
        case None:
            return None
        case str() if given in tuple(MessageKind):
            return MessageKind(given)
        case _:
            raise WireError(ErrorCode.INVALID_FIELD, NOT_SAVED, field="messageType")


def _file_url(given: object) -> str | None:
    return check_file_url(given, field="fileUrl") if isinstance(given, str) else None


def _channel_key(text: str) -> ChannelId | None:
    number = parse_decimal(text)
    return None if number is None else ChannelId(number)


@frozen
class ChannelFrame:
    """About a channel."""

    channel_id: ChannelId


@frozen
class SendFrame:
    """Send a message to a channel that was joined. `replyTo` is another name of `parentId`."""

    channel_id: ChannelId
    content: Annotated[str, Spelt(Content, _content)]
    message_type: Annotated[MessageKind, Spelt(MessageKind, _kind)] = MessageKind.TEXT
    file_url: Annotated[str, Spelt(FileUrl, _file_url)] | None = None
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None
    parent_id: MessageId | None = None
    reply_to: MessageId | None = None


@frozen
class ForwardFrame:
    """Send a copy of a message that the user may see to a channel that was joined."""

    channel_id: ChannelId
    message_id: MessageId
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class ReadFrame:
    """The user has read this message of a channel, and all before it."""

    channel_id: ChannelId
    message_id: MessageId


@frozen
class MessageFrame:
    """About a message of a channel."""

    channel_id: ChannelId
    message_id: MessageId


@frozen
class MuteFrame:
    """Mute a channel for the user alone. `until`: without it, for good."""

    channel_id: ChannelId
    until: Until | None = None


@frozen
class EditFrame:
    """Give a message that the user wrote another text."""

    channel_id: ChannelId
    message_id: MessageId
    content: Annotated[str, Spelt(Content, _trimmed)]
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class DeleteFrame:
    """Delete a message."""

    channel_id: ChannelId
    message_id: MessageId
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class ReactionFrame:
    """Add a reaction of the user's to a message, or take it back."""

    channel_id: ChannelId
    message_id: MessageId
    emoji: EmojiField
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class ResumeFrame:
    """Join channels again, and send what was missed there. `after`: by channel, the last seq that
    the client has; without it, every channel from the beginning. `epoch`: of the log of these
    positions. `revs`: by channel, the last rev that the client knows; without it, no revisions are
    sent. `notes`: the number of the last note that it knows; without it, no notes are sent.
    """

    after: (
        Annotated[
            Mapping[ChannelId, int],
            Spelt(Positions, lambda given: parse_channels(given, _channel_key)),
        ]
        | None
    ) = None
    epoch: str | None = None
    revs: (
        Annotated[
            Mapping[ChannelId, int],
            Spelt(Positions, lambda given: parse_revs(given, _channel_key)),
        ]
        | None
    ) = None
    notes: NoteNumber | None = None


def _join(frame: ChannelFrame, _: CodecLimits) -> Command:
    return JoinChannel(frame.channel_id)


def _leave(frame: ChannelFrame, _: CodecLimits) -> Command:
    return LeaveChannel(frame.channel_id)


def _send(frame: SendFrame, limits: CodecLimits) -> Command:
    return PostToChannel(
        frame.channel_id,
        check_content(frame.content, limits.content_chars),
        frame.message_type,
        frame.file_url,
        frame.client_message_id,
        frame.parent_id or frame.reply_to,
        is_homework=frame.message_type is MessageKind.ASSIGNMENT,
    )


def _forward(frame: ForwardFrame, _: CodecLimits) -> Command:
    key = frame.client_message_id
    return PostToChannel(frame.channel_id, "", key=key, forwards=frame.message_id)


def _typing(frame: ChannelFrame, _: CodecLimits) -> Command:
    return TypeInChannel(frame.channel_id)


def _stop_typing(frame: ChannelFrame, _: CodecLimits) -> Command:
    return TypeInChannel(frame.channel_id, is_typing=False)


def _mark_read(frame: ReadFrame, _: CodecLimits) -> Command:
    return MarkRead(frame.message_id, frame.channel_id)


def _mark_delivered(frame: MessageFrame, _: CodecLimits) -> Command:
    return MarkDelivered(frame.message_id)


def _mark_unread(frame: MessageFrame, _: CodecLimits) -> Command:
    return MarkUnread(frame.message_id, frame.channel_id)


def _hide(frame: MessageFrame, _: CodecLimits) -> Command:
    return HideMessage(frame.message_id, frame.channel_id)


def _unhide(frame: MessageFrame, _: CodecLimits) -> Command:
    return HideMessage(frame.message_id, frame.channel_id, is_hidden=False)


def _mute(frame: MuteFrame, _: CodecLimits) -> Command:
    return MuteChannel(frame.channel_id, Mute(frame.until))


def _unmute(frame: ChannelFrame, _: CodecLimits) -> Command:
    return MuteChannel(frame.channel_id, None)


def _pin(frame: MessageFrame, _: CodecLimits) -> Command:
    return ReviseMessage(frame.message_id, Pin(), frame.channel_id)


def _revision(frame: EditFrame | DeleteFrame | ReactionFrame, revision: Revision) -> Command:
    key = frame.client_message_id
    return ReviseMessage(frame.message_id, revision, frame.channel_id, key)


def _edit(frame: EditFrame, limits: CodecLimits) -> Command:
    return _revision(frame, Edit(check_content(frame.content, limits.content_chars)))


def _delete(frame: DeleteFrame, _: CodecLimits) -> Command:
    return _revision(frame, Delete())


def _react(frame: ReactionFrame, _: CodecLimits) -> Command:
    return _revision(frame, React(frame.emoji))


def _remove_reaction(frame: ReactionFrame, _: CodecLimits) -> Command:
    return _revision(frame, React(frame.emoji, is_added=False))


def _resume(frame: ResumeFrame, _: CodecLimits) -> Command:
    return ResumeChannels(frame.after, epoch=frame.epoch, revs=frame.revs, notes=frame.notes)


DECODERS: Final[Decoders] = {
    "join_channel": lenient(_join, missing="channelId is required for join_channel."),
    "leave_channel": lenient(_leave),
    "send_message": lenient(
        _send, missing="channelId and content are required.", key="clientMessageId"
    ),
    "typing": lenient(_typing),
    "stop_typing": lenient(_stop_typing),
    "mark_read": lenient(_mark_read),
    "mark_delivered": lenient(_mark_delivered),
    "mark_unread": lenient(_mark_unread),
    "hide_message": lenient(_hide),
    "unhide_message": lenient(_unhide),
    "mute_channel": lenient(_mute),
    "unmute_channel": lenient(_unmute),
    "pin_message": lenient(_pin),
    "forward_message": lenient(
        _forward, missing="channelId and messageId are required.", key="clientMessageId"
    ),
    "edit_message": lenient(
        _edit, missing="channelId, messageId and content are required.", key="clientMessageId"
    ),
    "delete_message": lenient(
        _delete, missing="channelId and messageId are required.", key="clientMessageId"
    ),
    "react": lenient(_react, missing=_NO_REACTION, key="clientMessageId"),
    "remove_reaction": lenient(_remove_reaction, missing=_NO_REACTION, key="clientMessageId"),
    "heartbeat": HEARTBEAT,
    "resume": lenient(_resume),
}

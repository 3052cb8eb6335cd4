"""The frames a client of `/ws` may send. See docs/dialects/private_messages.md#frames."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

from attrs import field, frozen

from protocol.commands import (
    Command,
    MarkDelivered,
    ResumeConversations,
    ReviseMessage,
    SendPrivateMessage,
    SetTyping,
)
from protocol.dialect import (
    CodecLimits,
)
from protocol.model import MessageId, UserId
from protocol.parsing.content import (
    Content,
    FileUrl,
    IdempotencyKey,
    KindName,
    check_content,
    check_file_url,
    check_key,
    check_kind,
)
from protocol.parsing.emoji import Emoji, check_emoji
from protocol.parsing.resumption import (
    NoteNumber,
    Positions,
    parse_decimal,
    parse_positions,
    parse_revs,
)
from protocol.parsing.tagged import HEARTBEAT, Decoders, lenient, strict
from protocol.revisions import Delete, Edit, React, Revision
from protocol.schemas import JsonSchema, Keywords, Spelt


def _with(name: str) -> JsonSchema:
    """Keywords that require a field which is not null."""
    return {"required": [name], "not": {"properties": {name: {"type": "null"}}}}


@frozen
class MessageBody:
    """What older clients send instead of `content`."""

    content: Content


@frozen
class PrivateMessageFrame:
    """Send a message. It has `content`, or `message` instead."""

    KEYWORDS: ClassVar = Keywords(anyOf=[_with("content"), _with("message")])
    recipient_id: UserId
    content: Content | None = None
    message: MessageBody | None = None
    client_id: IdempotencyKey | None = None
    message_type: KindName | None = None
    file_url: FileUrl | None = None
    parent_id: MessageId | None = None


@frozen
class DeliveredFrame:
    """A device has shown this message, and all before it."""

    message_id: MessageId


@frozen
class EditFrame:
    """Give a message that the user wrote another text."""

    message_id: MessageId
    content: Content
    client_id: IdempotencyKey | None = None


@frozen
class DeleteFrame:
    """Delete a message that the user wrote."""

    message_id: MessageId
    client_id: IdempotencyKey | None = None


@frozen
class ReactionFrame:
    """Add a reaction of the user's to a message, or take it back."""

    message_id: MessageId
    emoji: Emoji
    client_id: IdempotencyKey | None = None


@frozen
class ForwardFrame:
    """Send a copy of a message that the user may see."""

    message_id: MessageId
    recipient_id: UserId
    client_id: IdempotencyKey | None = None


@frozen
class TypingFrame:
    """The user types to another one, or no longer."""

    recipient_id: UserId
    is_typing: bool


def _peer(text: str) -> frozenset[UserId] | None:
    number = parse_decimal(text)
    return None if number is None else frozenset((UserId(number),))


@frozen
class ResumeFrame:
    """Send what was missed. `after`: by peer, the last seq that the client has; `epoch`: of the log
    of these positions, from the first frame; `only`: send nothing of conversations that are not in
    `after`; `revs`: by peer, the last rev that the client knows; without it, no revisions are sent.
    `notes`: the number of the last note that it knows; without it, no notes are sent.
    """

    after: Annotated[
        Mapping[frozenset[UserId], int],
        Spelt(Positions, lambda given: parse_positions(given, _peer)),
    ] = field(factory=dict)
    epoch: str | None = None
    only: bool = False
    revs: (
        Annotated[
            Mapping[frozenset[UserId], int],
            Spelt(Positions, lambda given: parse_revs(given, _peer)),
        ]
        | None
    ) = None
    notes: NoteNumber | None = None


def _private_message(frame: PrivateMessageFrame, limits: CodecLimits) -> Command:
    key = check_key(frame.client_id, field="client_id")
    content, field = frame.content, "content"
    if content is None and frame.message is not None:
        content, field = frame.message.content, "message.content"
    return SendPrivateMessage(
        frame.recipient_id,
        check_content(content or "", limits.content_chars, field=field),
        key,
        check_kind(frame.message_type, field="message_type"),
        check_file_url(frame.file_url, field="file_url"),
        frame.parent_id,
    )


def _revision(frame: EditFrame | DeleteFrame | ReactionFrame, revision: Revision) -> ReviseMessage:
    key = check_key(frame.client_id, field="client_id")
    return ReviseMessage(frame.message_id, revision, key=key, only_private=True)


def _edit(frame: EditFrame, limits: CodecLimits) -> Command:
    return _revision(frame, Edit(check_content(frame.content, limits.content_chars)))


def _delete(frame: DeleteFrame, _: CodecLimits) -> Command:
    return _revision(frame, Delete())


def _react(frame: ReactionFrame, _: CodecLimits) -> Command:
    return _revision(frame, React(check_emoji(frame.emoji)))


def _remove_reaction(frame: ReactionFrame, _: CodecLimits) -> Command:
    return _revision(frame, React(check_emoji(frame.emoji), is_added=False))


def _forward(frame: ForwardFrame, _: CodecLimits) -> Command:
    key = check_key(frame.client_id, field="client_id")
    return SendPrivateMessage(frame.recipient_id, "", key, forwards=frame.message_id)


def _typing(frame: TypingFrame, _: CodecLimits) -> Command:
    return SetTyping(frame.recipient_id, frame.is_typing)


def _delivered(frame: DeliveredFrame, _: CodecLimits) -> Command:
    return MarkDelivered(frame.message_id)


def _resume(frame: ResumeFrame, _: CodecLimits) -> Command:
    return ResumeConversations(frame.after, frame.epoch, frame.only, frame.revs, frame.notes)


DECODERS: Final[Decoders] = {
    "private_message": strict(_private_message, key="client_id"),
    "forward_message": strict(_forward, key="client_id"),
    "edit_message": strict(_edit, key="client_id"),
    "delete_message": strict(_delete, key="client_id"),
    "react": strict(_react, key="client_id"),
    "remove_reaction": strict(_remove_reaction, key="client_id"),
    "typing_indicator": strict(_typing),
    "mark_delivered": strict(_delivered),
    "heartbeat": HEARTBEAT,
    "resume": lenient(_resume),
}

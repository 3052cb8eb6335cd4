"""The frames a client of the messenger may send. See docs/dialects/messenger.md#frames.

A field that is malformed counts as absent.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from attrs import field, frozen

from protocol.commands import (
    Command,
    FetchHistory,
    HideMessage,
    MarkRead,
    MarkUnread,
    MuteConversation,
    ResumeConversations,
    ReviseMessage,
    SendPrivateMessage,
    SetSubscription,
    SetTyping,
)
from protocol.dialect import (
    CodecLimits,
)
from protocol.dialects.messenger.conversations import (
    ConversationName,
    DecimalId,
    parse_conversation_id,
    parse_message_id,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import MessageId, UserId
from protocol.notes import Mute
from protocol.parsing.content import Content, IdempotencyKey, check_content, check_key, is_storable
from protocol.parsing.emoji import EmojiField
from protocol.parsing.muting import Until
from protocol.parsing.resumption import NoteNumber, Positions, parse_positions, parse_revs
from protocol.parsing.tagged import Decoders, lenient
from protocol.revisions import Delete, Edit, React, Revision
from protocol.schemas import Keywords, Spelt

HISTORY_MESSAGES: Final = 50
MAX_CONVERSATION_CHARS: Final = 100
_NO_FORWARD: Final = "Message ID and recipient ID are required"
_NO_REACTION: Final = "Message ID and emoji are required"


def _key(given: object) -> str | None:
    return check_key(given, field="clientMessageId") if isinstance(given, str) else None


def _not_empty(given: object) -> str | None:
    return given if isinstance(given, str) and given else None


def _conversation(given: object) -> str | None:
    if not isinstance(given, str) or not 1 <= len(given) <= MAX_CONVERSATION_CHARS:
        return None
    return given if is_storable(given) else None


def _people(conversation: str) -> frozenset[UserId] | None:
    pair = parse_conversation_id(conversation)
    return None if pair is None else frozenset(pair)


@frozen
class SendFrame:
    """Send a message."""

    recipient_id: UserId
    content: Annotated[str, Spelt(Content, _not_empty)]
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class ForwardFrame:
    """Send a copy of a message that the user may see."""

    message_id: Annotated[MessageId, Spelt(DecimalId, parse_message_id)]
    recipient_id: UserId
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class TypingFrame:
    """The user types to another one."""

    recipient_id: UserId


@frozen
class ReadFrame:
    """The user has read this message, and all before it."""

    message_id: Annotated[MessageId, Spelt(DecimalId, parse_message_id)]


@frozen
class MessageFrame:
    """About a message."""

    message_id: Annotated[MessageId, Spelt(DecimalId, parse_message_id)]


@frozen
class PeerFrame:
    """About the conversation with another user."""

    recipient_id: UserId


@frozen
class MuteFrame:
    """Mute the conversation with another user, for the user alone. `until`: without it, for
    good.
    """

    recipient_id: UserId
    until: Until | None = None


@frozen
class SubscriptionFrame:
    """The client shows a conversation, or no longer."""

    conversation_id: Annotated[
        str,
        Spelt(
            Annotated[str, Keywords(minLength=1, maxLength=MAX_CONVERSATION_CHARS)], _conversation
        ),
    ]


@frozen
class HistoryFrame:
    """Send the newest messages of a conversation."""

    conversation_id: Annotated[str, Spelt(ConversationName, _not_empty)]


@frozen
class EditFrame:
    """Give a message that the user wrote another text."""

    message_id: Annotated[MessageId, Spelt(DecimalId, parse_message_id)]
    content: Content
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class DeleteFrame:
    """Delete a message that the user wrote."""

    message_id: Annotated[MessageId, Spelt(DecimalId, parse_message_id)]
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class ReactionFrame:
    """Add a reaction of the user's to a message, or take it back."""

    message_id: Annotated[MessageId, Spelt(DecimalId, parse_message_id)]
    emoji: EmojiField
    client_message_id: Annotated[str, Spelt(IdempotencyKey, _key)] | None = None


@frozen
class ResumeFrame:
    """Send what was missed. `after`: by conversation, the last seq that the client has; `epoch`: of
    the log of these positions, from `connected`; `only`: send nothing of conversations that are not
    in `after`; `revs`: by conversation, the last rev that the client knows; without it, no
    revisions are sent. `notes`: the number of the last note that it knows; without it, no notes are
    sent.
    """

    after: Annotated[
        Mapping[frozenset[UserId], int],
        Spelt(Positions, lambda given: parse_positions(given, _people)),
    ] = field(factory=dict)
    epoch: str | None = None
    only: bool = False
    revs: (
        Annotated[
            Mapping[frozenset[UserId], int],
            Spelt(Positions, lambda given: parse_revs(given, _people)),
        ]
        | None
    ) = None
    notes: NoteNumber | None = None


def _send(frame: SendFrame, limits: CodecLimits) -> Command:
    content = check_content(frame.content, limits.content_chars)
    return SendPrivateMessage(frame.recipient_id, content, frame.client_message_id)


def _forward(frame: ForwardFrame, _: CodecLimits) -> Command:
    key = frame.client_message_id
    return SendPrivateMessage(frame.recipient_id, "", key, forwards=frame.message_id)


def _typing(frame: TypingFrame, _: CodecLimits) -> Command:
    return SetTyping(frame.recipient_id, is_typing=True)


def _mark_read(frame: ReadFrame, _: CodecLimits) -> Command:
    return MarkRead(frame.message_id)


def _mark_unread(frame: MessageFrame, _: CodecLimits) -> Command:
    return MarkUnread(frame.message_id, only_private=True)


def _hide(frame: MessageFrame, _: CodecLimits) -> Command:
    return HideMessage(frame.message_id, only_private=True)


def _unhide(frame: MessageFrame, _: CodecLimits) -> Command:
    return HideMessage(frame.message_id, only_private=True, is_hidden=False)


def _mute(frame: MuteFrame, _: CodecLimits) -> Command:
    return MuteConversation(frame.recipient_id, Mute(frame.until))


def _unmute(frame: PeerFrame, _: CodecLimits) -> Command:
    return MuteConversation(frame.recipient_id, None)


def _subscribe(frame: SubscriptionFrame, _: CodecLimits) -> Command:
    return SetSubscription(frame.conversation_id, subscribed=True)


def _unsubscribe(frame: SubscriptionFrame, _: CodecLimits) -> Command:
    return SetSubscription(frame.conversation_id, subscribed=False)


def _fetch_history(frame: HistoryFrame, _: CodecLimits) -> Command:
    pair = parse_conversation_id(frame.conversation_id)
    if pair is None:
        raise WireError(ErrorCode.HISTORY_UNAVAILABLE, field="conversationId")
    return FetchHistory(pair, HISTORY_MESSAGES)


def _revision(frame: EditFrame | DeleteFrame | ReactionFrame, revision: Revision) -> Command:
    key = frame.client_message_id
    return ReviseMessage(frame.message_id, revision, key=key, only_private=True)


def _edit(frame: EditFrame, limits: CodecLimits) -> Command:
    return _revision(frame, Edit(check_content(frame.content, limits.content_chars)))


def _delete(frame: DeleteFrame, _: CodecLimits) -> Command:
    return _revision(frame, Delete())


def _react(frame: ReactionFrame, _: CodecLimits) -> Command:
    return _revision(frame, React(frame.emoji))


def _remove_reaction(frame: ReactionFrame, _: CodecLimits) -> Command:
    return _revision(frame, React(frame.emoji, is_added=False))


def _resume(frame: ResumeFrame, _: CodecLimits) -> Command:
    return ResumeConversations(frame.after, frame.epoch, frame.only, frame.revs, frame.notes)


DECODERS: Final[Decoders] = {
    "send_message": lenient(
        _send, missing="Recipient ID and content are required", key="clientMessageId"
    ),
    "typing": lenient(_typing),
    "mark_read": lenient(_mark_read),
    "mark_unread": lenient(_mark_unread),
    "hide_message": lenient(_hide),
    "unhide_message": lenient(_unhide),
    "mute_conversation": lenient(_mute),
    "unmute_conversation": lenient(_unmute),
    "subscribe": lenient(_subscribe),
    "unsubscribe": lenient(_unsubscribe),
    "fetch_history": lenient(_fetch_history, missing="Conversation ID is required"),
    "forward_message": lenient(_forward, missing=_NO_FORWARD, key="clientMessageId"),
    "edit_message": lenient(
        _edit, missing="Message ID and content are required", key="clientMessageId"
    ),
    "delete_message": lenient(_delete, missing="Message ID is required", key="clientMessageId"),
    "react": lenient(_react, missing=_NO_REACTION, key="clientMessageId"),
    "remove_reaction": lenient(_remove_reaction, missing=_NO_REACTION, key="clientMessageId"),
    "resume": lenient(_resume),
}

"""What a user of `/ws` has noted for themself alone. See docs/dialects/private_messages.md#notes.

Guarantees: a note looks the same live and over REST.
"""

from datetime import datetime
from typing import TypedDict

from protocol.model import MessageId, UserId
from protocol.notes import ChannelNote, HiddenNote, Mute
from protocol.shapes.notes import muted_until
from protocol.shapes.timestamps import Timestamp


class MarksObject(TypedDict):
    """What a user has noted of a conversation. `unread_from`: from this seq on, messages of the
    other side count as unread though they were read. `muted_until`: null: without end, or it is not
    muted.
    """

    unread_from: int | None
    is_muted: bool
    muted_until: Timestamp | None


class ConversationNoteObject(MarksObject):
    """The same, after a change. `user_id`: the other side; `note`: the number of the change."""

    user_id: UserId
    note: int


class HiddenMessageObject(TypedDict):
    """Whether a user has hidden a message."""

    user_id: UserId
    note: int
    message_id: MessageId
    seq: int
    is_hidden: bool


def marks(unread_from: int | None, mute: Mute | None, now: datetime) -> MarksObject:
    """The notes on a conversation, as lists show them."""
    return {
        "unread_from": unread_from,
        "is_muted": mute is not None and mute.holds(now),
        "muted_until": muted_until(mute, now),
    }


def conversation_note(note: ChannelNote, peer_id: UserId, now: datetime) -> ConversationNoteObject:
    """What was noted of a conversation."""
    return {
        "user_id": peer_id,
        "note": note.number,
        **marks(note.unread_from, note.mute, now),
    }


def hidden_message(note: HiddenNote, peer_id: UserId) -> HiddenMessageObject:
    """What was noted of a message."""
    return {
        "user_id": peer_id,
        "note": note.number,
        "message_id": note.message_id,
        "seq": note.seq,
        "is_hidden": note.is_hidden,
    }

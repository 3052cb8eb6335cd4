"""A user's notes on a channel or a message, which have the same fields in every dialect but `/ws`.

Must not know: how a dialect names messages and places, or wraps a frame.
"""

from datetime import datetime
from typing import TypedDict

from protocol.model import ChannelId, MessageId
from protocol.notes import ChannelNote, HiddenNote, Mute
from protocol.shapes.timestamps import Timestamp, timestamp


class MarksObject(TypedDict):
    """What a user has noted of a conversation or channel. `unreadFrom`: from this seq on, messages
    of others count as unread though they were read. `mutedUntil`: null: without end, or it is not
    muted.
    """

    unreadFrom: int | None
    isMuted: bool
    mutedUntil: Timestamp | None


class ChannelNoteObject(MarksObject):
    """The same, after a change. `note`: the number of the change."""

    note: int


class HiddenNoteObject(TypedDict):
    """Whether a user has hidden a message. `note`: the number of that change."""

    note: int
    seq: int
    isHidden: bool


def marks_object(unread_from: int | None, mute: Mute | None, now: datetime) -> MarksObject:
    """The notes on a channel, as lists show them."""
    return {
        "unreadFrom": unread_from,
        "isMuted": mute is not None and mute.holds(now),
        "mutedUntil": muted_until(mute, now),
    }


def marks_of(note: ChannelNote | None, now: datetime) -> MarksObject:
    """The same for a channel that may have no note."""
    if note is None:
        return marks_object(None, None, now)
    return marks_object(note.unread_from, note.mute, now)


def muted_until(mute: Mute | None, now: datetime) -> Timestamp | None:
    """The end of a mute, if it holds now and has an end."""
    if mute is None or mute.until is None or not mute.holds(now):
        return None
    return timestamp(mute.until)


def channel_note_object(note: ChannelNote, now: datetime) -> ChannelNoteObject:
    """What was noted of a channel."""
    return {"note": note.number, **marks_object(note.unread_from, note.mute, now)}


def hidden_note_object(note: HiddenNote) -> HiddenNoteObject:
    """What was noted of a message."""
    return {"note": note.number, "seq": note.seq, "isHidden": note.is_hidden}


class NotedChannelObject(ChannelNoteObject):
    """What a user has noted of a channel of the learning platform."""

    channelId: ChannelId


class NotedMessageObject(HiddenNoteObject):
    """Whether a user has hidden a message of the learning platform."""

    channelId: ChannelId
    messageId: MessageId


def noted_channel(note: ChannelNote, now: datetime) -> NotedChannelObject:
    """What was noted of a channel of the learning platform."""
    return {"channelId": note.channel_id, **channel_note_object(note, now)}


def noted_message(note: HiddenNote) -> NotedMessageObject:
    """What was noted of a message of the learning platform."""
    return {
        "channelId": note.channel_id,
        "messageId": note.message_id,
        **hidden_note_object(note),
    }

"""What a user has noted for themself alone, over Socket.IO. See
docs/dialects/channel_messages.md#notes.

Guarantees: a note looks the same live and over REST.
"""

from datetime import datetime

from protocol.notes import ChannelNote, HiddenNote
from protocol.shapes.notes import (
    ChannelNoteObject,
    HiddenNoteObject,
    channel_note_object,
    hidden_note_object,
)
from protocol.shapes.uuids import ChannelUuid, IdKind, MessageUuid, to_uuid


class NotedChannelObject(ChannelNoteObject):
    """What a user has noted of a channel, as it was changed."""

    channelId: ChannelUuid


class HiddenMessageObject(HiddenNoteObject):
    """Whether a user has hidden a message."""

    channelId: ChannelUuid
    messageId: MessageUuid


def noted_channel(note: ChannelNote, now: datetime) -> NotedChannelObject:
    """What was noted of a channel."""
    return {
        "channelId": to_uuid(IdKind.CHANNEL, note.channel_id),
        **channel_note_object(note, now),
    }


def hidden_message(note: HiddenNote) -> HiddenMessageObject:
    """What was noted of a message."""
    return {
        "channelId": to_uuid(IdKind.CHANNEL, note.channel_id),
        "messageId": to_uuid(IdKind.MESSAGE, note.message_id),
        **hidden_note_object(note),
    }

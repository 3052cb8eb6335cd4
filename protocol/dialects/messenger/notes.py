"""What a user of the messenger has noted for themself alone. See docs/dialects/messenger.md#notes.

Guarantees: a note looks the same live and over REST.
"""

from datetime import datetime

from protocol.dialects.messenger.conversations import ConversationName
from protocol.notes import ChannelNote, HiddenNote
from protocol.shapes.notes import (
    ChannelNoteObject,
    HiddenNoteObject,
    channel_note_object,
    hidden_note_object,
)


class ConversationNoteObject(ChannelNoteObject):
    """What a user has noted of a conversation, as it was changed."""

    conversationId: ConversationName


class HiddenMessageObject(HiddenNoteObject):
    """Whether a user has hidden a message."""

    conversationId: ConversationName
    messageId: str


def conversation_note(
    note: ChannelNote, conversation: ConversationName, now: datetime
) -> ConversationNoteObject:
    """What was noted of a conversation."""
    return {"conversationId": conversation, **channel_note_object(note, now)}


def hidden_message(note: HiddenNote, conversation: ConversationName) -> HiddenMessageObject:
    """What was noted of a message."""
    return {
        "conversationId": conversation,
        "messageId": str(note.message_id),
        **hidden_note_object(note),
    }

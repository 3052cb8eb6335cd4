"""The frames of `/ws/chat` for what its user has noted for themself alone. See
docs/dialects/learning_chat.md#notes.
"""

from typing import Literal

from protocol.events import Noted
from protocol.notes import ChannelNote
from protocol.shapes.notes import (
    NotedChannelObject,
    NotedMessageObject,
    noted_channel,
    noted_message,
)


class ChannelNotedFrame(NotedChannelObject):
    """The client's user has noted something of a channel, for themself alone."""

    type: Literal["channel_noted"]


class MessageHiddenFrame(NotedMessageObject):
    """The client's user has hidden a message, or shown it again, for themself alone."""

    type: Literal["message_hidden"]


def noted_frame(event: Noted) -> tuple[ChannelNotedFrame | MessageHiddenFrame]:
    """One frame."""
    if isinstance(event.note, ChannelNote):
        return ({"type": "channel_noted", **noted_channel(event.note, event.at)},)
    return ({"type": "message_hidden", **noted_message(event.note)},)

"""Calls by which a user notes something for themself alone, which every dialect has below the paths
of its messages and conversations.

Guarantees: method and path alone decide what is noted, the same in every dialect; other users get
no event for it. Must not know: how a dialect spells messages, channels and ids.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeVar

from hub.rest.endpoint import NO_WORDING, Call, Endpoint, Handle
from hub.rest.parameters import Text
from hub.rest.replies import ErrorWording
from protocol.answers import Notice
from protocol.commands import HideMessage, MarkUnread, NoteCommand
from protocol.errors import ErrorCode
from protocol.events import Noted
from protocol.model import MessageId
from protocol.notes import ChannelNote, HiddenNote, Mute
from protocol.parsing.muting import parse_until

N = TypeVar("N", ChannelNote, HiddenNote)

UNTIL: Final = Text(
    "until", "when the mute ends; without it, the mute does not end", {"format": "date-time"}
)
_NO_ID: Final = ErrorWording(400, ErrorCode.INVALID_FIELD, "Invalid message ID")


async def marked_unread(
    call: Call, message_id: MessageId | None, *, only_private: bool = False
) -> tuple[ChannelNote, datetime]:
    """Mark a message and those after it unread. Returns the note of its channel afterwards, and
    when it was changed. `message_id`: None when it is malformed.

    Raises:
        HttpError: it is refused, or malformed.
    """
    if message_id is None:
        raise _NO_ID.error()
    command = MarkUnread(message_id, only_private=only_private)
    return await _noted(call, command, ChannelNote, NO_WORDING)


async def hidden(
    call: Call, message_id: MessageId | None, *, only_private: bool = False
) -> HiddenNote:
    """Hide a message (PUT), or show it again (DELETE); see `marked_unread`.

    Raises:
        HttpError: it is refused, or malformed.
    """
    if message_id is None:
        raise _NO_ID.error()
    is_hidden = call.request.method == "PUT"
    command = HideMessage(message_id, only_private=only_private, is_hidden=is_hidden)
    note, _ = await _noted(call, command, HiddenNote, NO_WORDING)
    return note


async def muted(
    call: Call,
    command: Callable[[Mute | None], NoteCommand],
    wording: Mapping[ErrorCode, ErrorWording] = NO_WORDING,
) -> tuple[ChannelNote, datetime]:
    """Mute a channel or conversation (PUT), or unmute it (DELETE). `command`: makes the command.

    Raises:
        HttpError, WireError: it is refused, or malformed.
    """
    mute = Mute(parse_until(call.text(UNTIL))) if call.request.method == "PUT" else None
    return await _noted(call, command(mute), ChannelNote, wording)


async def _noted(
    call: Call,
    command: NoteCommand,
    kind: type[N],
    wording: Mapping[ErrorCode, ErrorWording],
) -> tuple[N, datetime]:
    notice = await call.carry_out(command, Notice, wording)
    event = notice.event
    if not isinstance(event, Noted) or not isinstance(event.note, kind):
        raise TypeError(f"{type(command).__name__} was answered by {type(event).__name__}")
    return event.note, event.at


_REFUSED: Final[Mapping[int, tuple[ErrorCode, ...]]] = {
    400: (ErrorCode.INVALID_FIELD,),
    404: (ErrorCode.MESSAGE_NOT_FOUND,),
    429: (ErrorCode.RATE_LIMITED,),
}


def note_endpoints(
    unread: Handle,
    hide: Handle,
    mute: Handle,
    *,
    messages: str = "/api/messages",
    place: str,
    missing: Mapping[int, tuple[str, ...]],
    path_types: Mapping[str, object] | None = None,
) -> tuple[Endpoint, ...]:
    """The calls of one dialect.

    Args:
        unread: marks a message unread.
        hide: hides a message or shows it again.
        mute: mutes a channel or conversation, or unmutes it.
        messages: the path of its messages.
        place: the path of a channel or conversation.
        missing: the errors when there is no such channel or conversation.
        path_types: the types of the parameters in that path.
    """
    message, types = f"{messages}/{{message_id}}", path_types or {}
    refused = {400: (ErrorCode.INVALID_FIELD,), 429: (ErrorCode.RATE_LIMITED,), **missing}
    noted, shown = "the caller's notes on the conversation", "whether the message is hidden"
    return (
        Endpoint(
            "PUT",
            f"{message}/unread",
            "Mark a message, and those after it, unread for the caller",
            unread,
            {200: noted, **_REFUSED},
        ),
        Endpoint(
            "PUT",
            f"{message}/hidden",
            "Hide a message from the caller",
            hide,
            {200: shown, **_REFUSED},
        ),
        Endpoint(
            "DELETE",
            f"{message}/hidden",
            "Show a hidden message to the caller again",
            hide,
            {200: shown, **_REFUSED},
        ),
        Endpoint(
            "PUT",
            f"{place}/muted",
            "Mute a conversation: its messages are left out of the total unread count",
            mute,
            {200: noted, **refused},
            parameters=(UNTIL,),
            path_types=types,
        ),
        Endpoint(
            "DELETE",
            f"{place}/muted",
            "Unmute a conversation",
            mute,
            {200: noted, **refused},
            path_types=types,
        ),
    )

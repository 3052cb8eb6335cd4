"""What a client may be told: a closed union that each dialect renders in its own spelling.

Guarantees: an event carries everything a dialect needs to encode it, so encoding needs no lookup
and is done once per dialect. `ephemeral` events may be dropped for a slow client; the others never.
"""

from datetime import datetime
from typing import ClassVar, TypeAlias

from attrs import frozen

from protocol.errors import ERROR_TEXTS, ErrorCode
from protocol.model import Message, User, UserId


@frozen
class Connected:
    """First event on a new connection, to that connection alone."""

    ephemeral: ClassVar[bool] = False
    user: User
    at: datetime


@frozen
class PrivateMessagePosted:
    """A committed message of a dm channel, to every connection of both participants."""

    ephemeral: ClassVar[bool] = False
    message: Message
    recipient_id: UserId


@frozen
class TypingChanged:
    """`user_id` started or stopped typing, to every connection of `recipient_id`."""

    ephemeral: ClassVar[bool] = True
    user_id: UserId
    name: str
    recipient_id: UserId
    is_typing: bool
    at: datetime


@frozen
class PresenceChanged:
    """A user came online or went offline, to the users that may know."""

    ephemeral: ClassVar[bool] = True
    user_id: UserId
    online: bool


@frozen
class MessagesRead:
    """`reader_id` has read everything up to and including `seq`, to the author of the messages."""

    ephemeral: ClassVar[bool] = False
    reader_id: UserId
    author_id: UserId
    seq: int


@frozen
class Refused:
    """A command or frame was not carried out, to the connection that sent it."""

    ephemeral: ClassVar[bool] = False
    code: ErrorCode
    text: str
    key: str | None = None

    @classmethod
    def because(cls, code: ErrorCode, key: str | None = None) -> "Refused":
        """The refusal with the catalogue's text."""
        return cls(code, ERROR_TEXTS[code], key)


@frozen
class Shed:
    """`count` ephemeral events were dropped because this connection was too slow for them."""

    ephemeral: ClassVar[bool] = False
    count: int


Event: TypeAlias = (
    Connected
    | PrivateMessagePosted
    | TypingChanged
    | PresenceChanged
    | MessagesRead
    | Refused
    | Shed
)

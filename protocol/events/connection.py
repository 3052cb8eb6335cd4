"""What concerns a connection itself: its beginning, its resume, what it is refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from protocol.errors import ERROR_TEXTS, ErrorCode, WireError
from protocol.events.traits import Reliable
from protocol.model import (
    ChannelId,
    User,
    UserId,
    Workspace,
)


@frozen
class Connected(Reliable):
    """First event on a new connection, to that connection alone. `epoch`: which log it is;
    positions in it mean nothing in another one.
    """

    user: User
    at: datetime
    epoch: str


@frozen
class HeartbeatAcknowledged(Reliable):
    """Reply to a client's heartbeat."""


@frozen
class ConversationsResumed(Reliable):
    """End of a resume: what `user_id` missed in private conversations was sent, and live events
    follow.

    `after`: by peer, the seq up to which the connection has everything. `complete`: whether nothing
    was left out; if false, the client fetches the rest over REST, from `after` on, or from where it
    was in conversations that are not in it. `epoch`: which log `after` is of. `reset`: the client
    named positions that are not of this log, so everything was sent from the beginning; what else
    it has is not in the log any more. `revs`: by peer, the rev up to which the connection knows
    what was changed of the messages that it has; None: it did not ask. `notes`: up to which number
    it knows the notes of its user; None: it did not ask.
    """

    user_id: UserId
    complete: bool
    after: Mapping[UserId, int]
    at: datetime
    epoch: str
    reset: bool = False
    revs: Mapping[UserId, int] | None = None
    notes: int | None = None


@frozen
class ChannelsResumed(Reliable):
    """End of a resume in channels. `after`, `revs`: by channel; see `ConversationsResumed`."""

    complete: bool
    after: Mapping[ChannelId, int]
    epoch: str
    reset: bool = False
    revs: Mapping[ChannelId, int] | None = None
    notes: int | None = None


@frozen
class Ready(Reliable):
    """Reply to `Identify`: from now on the connection receives the events of these workspaces.
    `epoch`: see `Connected`.
    """

    user: User
    workspaces: Sequence[Workspace]
    epoch: str


@frozen
class Refused(Reliable):
    """A command was refused or a frame malformed, to the connection that sent it. `field`: which
    one of the frame is at fault, as the client spells it.
    """

    code: ErrorCode
    text: str
    key: str | None = None
    field: str | None = None
    retry_after: int = 1  # seconds, where it may be allowed again

    @classmethod
    def because(cls, code: ErrorCode, key: str | None = None) -> "Refused":
        """The refusal with the catalogue's text."""
        return cls(code, ERROR_TEXTS[code], key)

    @classmethod
    def of(cls, error: WireError) -> "Refused":
        """The refusal of a frame that is malformed."""
        return cls(error.code, error.text, error.key, error.field)


@frozen
class Announced(Reliable):
    """The operator has something to say, to everybody who is connected."""

    text: str
    at: datetime


@frozen
class Shed(Reliable):
    """`count` ephemeral events were dropped because the connection reads too slowly."""

    count: int
    at: datetime

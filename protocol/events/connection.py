"""Events that concern a connection itself: its beginning, its resume, refusals."""

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
    """First event on a new connection, to that connection alone. `epoch`: which log the hub has;
    positions in one log mean nothing in another.
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
    was left out; if false, the client fetches the rest over REST, from `after` on; in conversations
    that are not in `after`, from its own position on. `epoch`: of the log that the positions belong
    to. `reset`: the client named positions of another log, so everything was sent from the
    beginning; further messages that the client has are no longer in the log. `revs`: by peer, the
    rev up to which the connection knows the revisions of its messages; None: it did not ask for
    revisions. `notes`: the number up to which it knows the notes of its user; None: it did not ask
    for notes.
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
    """A command was refused or a frame malformed, to the connection that sent it. `field`: the
    field of the frame that is at fault, as the client spells it.
    """

    code: ErrorCode
    text: str
    key: str | None = None
    field: str | None = None
    retry_after: int = 1  # seconds, for refusals that end with time

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
    """An announcement of the operator, to every connection."""

    text: str
    at: datetime


@frozen
class Shed(Reliable):
    """`count` ephemeral events were dropped because the connection reads too slowly."""

    count: int
    at: datetime

"""The operations of a store that change stored messages.

Guarantees, for every implementation (tests/persistence/contents runs on all of them): within a
channel, `rev` has no holes, and its order is the order of commits; what changes nothing takes no
`rev`; an author's repeat under the same key changes nothing, whatever has happened since.
Must not know: commands, events, dialects, sockets.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from attrs import field, frozen

from persistence.records import Locked
from protocol.model import ChannelId, Message, MessageId, UserId, WorkspaceId
from protocol.revisions import Revision

EDIT_SECONDS: Final = 86_400


class RevisionRefusal(StrEnum):
    """Why a message was not changed."""

    NOT_FOUND = "not_found"
    """There is no such message, it is deleted, or the user may not see it."""

    NOT_ALLOWED = "not_allowed"
    NOT_YOURS = "not_yours"
    TOO_LATE = "too_late"
    TOO_MANY_REACTIONS = "too_many_reactions"
    KEY_CONFLICT = "key_conflict"
    UNSTORABLE = "unstorable"


@frozen
class Target:
    """Where a message is, as somebody may know who may see it: its channel, of a dm the two users,
    and the channel's last `rev`; and its author.
    """

    channel_id: ChannelId
    pair: tuple[UserId, UserId] | None
    last_rev: int
    author_id: UserId

    @property
    def is_private(self) -> bool:
        """Whether it is one that the two users of a conversation wrote to each other."""
        return self.author_id in (self.pair or ())


@frozen
class Version:
    """What a message said until it was edited. `rev`: of that edit."""

    rev: int
    content: str
    until: datetime


@frozen
class RevisionRules:
    """What a hub's settings say.

    Args:
        edit_seconds: how long after it was posted a message may be edited.
        keep_versions: whether moderators may read what an edited message said before.
    """

    edit_seconds: float = EDIT_SECONDS
    keep_versions: bool = False


@frozen
class RevisionDraft:
    """A revision to be made by a user.

    `rules`: of the hub. `key`: the user's idempotency key for revisions, 1 to 255 characters.
    """

    by: UserId
    message_id: MessageId
    revision: Revision
    target: Target
    rules: RevisionRules = RevisionRules()
    key: str | None = field(default=None, repr=False)

    @property
    def where(self) -> object:
        """The conversation; see `Draft.where`."""
        pair = self.target.pair
        return self.target.channel_id if pair is None else frozenset(pair)


@frozen
class Revised:
    """The message as it is now. `rev`: of this revision; the message may have been changed once
    more since. `repeated`: nothing was changed. `audience`: of a dm, the users who may see it;
    empty in other channels. `mentioned`: who is to be told that it mentions them now, or that it
    does so still, where what was done is not known; `no_longer_mentioned`: that it does not.
    """

    message: Message
    rev: int
    workspace_id: WorkspaceId | None = None
    audience: tuple[UserId, ...] = ()
    repeated: bool = False
    mentioned: tuple[UserId, ...] = ()
    no_longer_mentioned: tuple[UserId, ...] = ()


RevisionOutcome: TypeAlias = Revised | RevisionRefusal


@frozen
class RevisionSpan:
    """The messages of a channel with a `rev` above this one: those up to a seq, and those that are
    deleted, wherever they are.
    """

    channel_id: ChannelId
    above_rev: int
    upto_seq: int


class Revisions(Protocol):
    """Changes of stored messages."""

    async def target(self, user_id: UserId, message_id: MessageId) -> Target | None:
        """Where a message is; None: there is none that the user may see."""

    async def revise(self, drafts: Sequence[RevisionDraft]) -> Sequence[RevisionOutcome | Locked]:
        """Carry out a batch, in its order within each channel. The policy decides, in the same
        transaction. Raises StoreUnavailable: the outcome of every draft is unknown.
        """

    async def versions(
        self, user_id: UserId, message_id: MessageId, *, limit: int
    ) -> tuple[Version, ...] | RevisionRefusal:
        """The last `limit` versions before the one that there is now, the last first, if the user
        may see them; else NOT_FOUND or NOT_ALLOWED.
        """

    async def revised_in(
        self, user_id: UserId, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Message]:
        """The first `limit` messages of the spans, also deleted ones, in the order of the spans,
        then by rev. Of a channel that the user may not see there are none. Of messages that the
        user has hidden, only those are among them that are deleted. One statement.
        """

    async def revised_since(
        self, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Revised]:
        """The same, whoever may see them. One statement."""

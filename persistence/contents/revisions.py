"""The operations of a store that change stored messages.

Guarantees, for every implementation (tests/persistence/contents runs on all of them): within a
channel, `rev` has no holes, and its order is the order of commits; a revision that changes nothing
takes no `rev`; a user's repeat under the same key changes nothing, whatever has happened since.
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
    """Where a message is, for a user who may see it: its channel, the two users of a dm, and the
    channel's last `rev`; and the message's author.
    """

    channel_id: ChannelId
    pair: tuple[UserId, UserId] | None
    last_rev: int
    author_id: UserId

    @property
    def is_private(self) -> bool:
        """Whether it is a message of the two users of a dm to each other, not of the assistant."""
        return self.author_id in (self.pair or ())


@frozen
class Version:
    """The content of a message before an edit. `rev`: of that edit."""

    rev: int
    content: str
    until: datetime


@frozen
class RevisionRules:
    """The settings of a hub for revisions.

    Args:
        edit_seconds: how long after it was posted a message may be edited.
        keep_versions: whether moderators may read the earlier contents of an edited message.
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
    """The message as it is now. `rev`: of this revision; the message may have been changed again
    since. `repeated`: nothing was changed. `audience`: of a dm, the users who may see it; empty in
    other channels. `mentioned`: the users who get an event that the message mentions them now (all
    it mentions, where the single revisions are not known); `no_longer_mentioned`: that it does not
    any more.
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
    """The messages of a channel with a `rev` above `above_rev`: those up to `upto_seq`, and deleted
    ones at any seq.
    """

    channel_id: ChannelId
    above_rev: int
    upto_seq: int


class Revisions(Protocol):
    """Changes of stored messages."""

    async def target(self, user_id: UserId, message_id: MessageId) -> Target | None:
        """Where a message is; None: there is no such message that the user may see."""

    async def revise(self, drafts: Sequence[RevisionDraft]) -> Sequence[RevisionOutcome | Locked]:
        """Carry out a batch, in its order within each channel. The policy decides, in the same
        transaction. Raises StoreUnavailable: the outcome of every draft is unknown.
        """

    async def versions(
        self, user_id: UserId, message_id: MessageId, *, limit: int
    ) -> tuple[Version, ...] | RevisionRefusal:
        """The last `limit` versions before the current one, the last first, if the user may see
        them; else NOT_FOUND or NOT_ALLOWED.
        """

    async def revised_in(
        self, user_id: UserId, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Message]:
        """The first `limit` messages of the spans, also deleted ones, in the order of the spans,
        then by rev. Channels that the user may not see are left out, and messages that the user has
        hidden, unless they are deleted. One statement.
        """

    async def revised_since(
        self, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Revised]:
        """As `revised_in`, without a check of rights. One statement."""

"""The operations of a store, as the rest of Parlour sees it.

Guarantees, for every implementation (one suite of tests runs on all of them):

- `Messages.post` stores a draft whole or not at all, and what it returns as stored is durable.
- Within a channel, `seq` has no holes, and the order of `seq` is the order of commits.
- For a channel, an author and a key, at most one message is stored; a repeat returns it.
- Watermarks only move forward.
- An operation that is done `by` a user is decided by the policy (persistence/policy.py) in the
  statement that carries it out.

Must not know: commands, events, dialects, sockets. Times are aware UTC datetimes with millisecond
precision.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from attrs import field, frozen

from persistence.attempts import Attempts
from persistence.audit import Audit, AuditEntry, AuditRow, Way
from persistence.changes import Change
from persistence.contents.mentions import Mentions
from persistence.contents.messages import Messages
from persistence.contents.notes import Notes
from persistence.contents.revisions import Revisions
from persistence.contents.threads import Threads
from persistence.figures import StoreFigures
from persistence.invitations import Invitations
from persistence.lists import Lists
from persistence.log import Log
from persistence.nodes import Nodes
from persistence.records import (
    Access,
    ChannelHead,
    ConversationView,
    Credentials,
    Denial,
    FollowCounts,
    Identity,
    NewChannel,
    NewUser,
    PeerView,
    Permit,
    Place,
    ProfileChange,
    Relation,
    Side,
    Watermarks,
)
from persistence.recoveries import Recoveries
from persistence.search import Search
from persistence.sessions import ForeignSessions, Sessions
from persistence.uploads import Uploads
from persistence.workspaces import ListedWorkspace, Workspaces
from protocol.model import (
    Channel,
    ChannelId,
    FollowStatus,
    MessageFate,
    SessionId,
    User,
    UserId,
    WorkspaceId,
)

__all__ = [
    "MAX_NAMED",
    "MAX_RELATIONS",
    "Accounts",
    "Audit",
    "AuditEntry",
    "AuditRow",
    "Channels",
    "ForeignSessions",
    "Health",
    "Identity",
    "Invitations",
    "ListedWorkspace",
    "Log",
    "Messages",
    "Nodes",
    "Notes",
    "Recoveries",
    "Relations",
    "Revisions",
    "Sessions",
    "Store",
    "Threads",
    "Uploads",
    "Way",
    "Workspaces",
]

MAX_RELATIONS: Final = 500
MAX_NAMED: Final = 1_000


class Accounts(Protocol):
    """Users and their password hashes. `audit`: keep that an operator does this, if it is done."""

    async def create(self, new: NewUser, *, audit: AuditEntry | None = None) -> User:
        """Raises Taken("email") or Taken("username"), which are compared by `name_key`, or
        Taken("identity").
        """

    async def get(self, user_id: UserId) -> User | None:
        """The user, or None."""

    async def get_many(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """Those of the users that exist, by id."""

    async def list_page(self, *, after: UserId | None, limit: int) -> Sequence[User]:
        """Users with an id above `after`, ascending, without the assistant."""

    async def find(self, username: str) -> User | None:
        """By username, as `name_key` compares it; nobody who was deleted."""

    async def of_identity(self, identity: Identity) -> User | None:
        """The user who signs in by an account of a provider."""

    async def credentials(self, login: str) -> Credentials | None:
        """By username or email, as `name_key` compares them; whoever has it as their username comes
        first, because anybody may give any email.
        """

    async def password_hash(self, user_id: UserId) -> str | None:
        """What the user's password is checked against; None: there is no such user."""

    async def set_password(
        self,
        user_id: UserId,
        password_hash: str,
        *,
        keep: SessionId | None = None,
        audit: AuditEntry | None = None,
    ) -> None:
        """Set the password and end every session of the user but `keep`, in one transaction.
        Raises NoSuchUser.
        """

    async def rehash_password(self, user_id: UserId, password_hash: str) -> None:
        """Replace the hash of the same password; sessions stay."""

    async def change_email(self, user_id: UserId, email: str) -> User:
        """The user after that. Raises NoSuchUser, and Taken("email")."""

    async def propose_email(
        self, user_id: UserId, email: str, digest: bytes, *, seconds: float
    ) -> None:
        """Keep an email that is still to be proved, in the place of an earlier one. Raises
        NoSuchUser.

        Args:
            user_id: whose it would be.
            email: the address.
            digest: of what proves it.
            seconds: within which it may be, by the store's clock.
        """

    async def take_proposed_email(self, user_id: UserId, digest: bytes) -> str | None:
        """The email that this proves, once."""

    async def identities(self, user_id: UserId) -> Sequence[Identity]:
        """The accounts of providers by which the user signs in, oldest first."""

    async def delete(self, user_id: UserId, fate: MessageFate = MessageFate.REMOVE) -> bool:
        """Delete an account and what belongs to it: its sessions, conversations, messages, files,
        and the workspaces of which nobody else is a member. False, and nothing is done, if others
        are members of a workspace that it owns.

        With KEEP, conversations stay, and messages that carry no file of the user's, as those of a
        deleted user (`User.deleted_at`), who has the id but nothing else of them: `get` and
        `get_many` find it, everything else is as if there were no such user. Raises NoSuchUser.
        """

    async def change_profile(
        self, user_id: UserId, change: ProfileChange, *, audit: AuditEntry | None = None
    ) -> User:
        """The user after that. Raises NoSuchUser."""

    async def deactivate(self, user_id: UserId, *, audit: AuditEntry | None = None) -> User:
        """End every session of the user, and let none be opened until `reactivate`; repeating
        changes nothing. The user after that. Raises NoSuchUser.
        """

    async def reactivate(self, user_id: UserId, *, audit: AuditEntry | None = None) -> User:
        """Undo `deactivate`, but for the sessions. The user after that. Raises NoSuchUser."""


class Relations(Protocol):
    """Follows and blocks, and the policy that is made of them."""

    async def request_follow(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """Ask to follow: pending, or accepted at once if the followee's profile is public.
        Repeating changes nothing. None: there is no such user, or a block exists either way.
        Raises ValueError if both are the same.
        """

    async def accept_follow(self, followee: UserId, follower: UserId) -> bool:
        """Accept a request; False if there is none that is pending."""

    async def remove_follow(self, follower: UserId, followee: UserId) -> bool:
        """Withdraw, refuse or end a follow; False if there was none."""

    async def follow_status(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """None: there is no follow and no request."""

    async def related(
        self,
        user_id: UserId,
        side: Side,
        *,
        status: FollowStatus | None = None,
        before: Place | None = None,
        offset: int = 0,
        limit: int = MAX_RELATIONS,
    ) -> Sequence[Relation]:
        """One side of a user's follows, newest first: with `status` only those, with `before` those
        that come after this place in the list, without the first `offset`.
        """

    async def counts(self, user_id: UserId) -> FollowCounts:
        """One statement."""

    async def accept_message_request(self, user_id: UserId, requester: UserId) -> bool:
        """Make the requester an accepted follower of the user. False, and nothing is done, unless
        the requester has written to the user, who has never written back, and neither blocks the
        other: otherwise anybody could make anybody their follower.
        """

    async def decline_message_request(self, user_id: UserId, requester: UserId) -> bool:
        """Take a message request out of the user's lists, until there is a newer message of the
        requester, who learns nothing of it. False, and nothing is done, unless it is in them.
        """

    async def is_waiting(self, user_id: UserId, requester: UserId) -> bool:
        """Whether a message request of the requester is in the user's lists."""

    async def reachable(
        self, user_id: UserId, *, text: str = "", before: UserId | None, limit: int
    ) -> Sequence[User]:
        """The newest accounts with an id below `before` that the user may message and whose name or
        username contains `text`, as `plain_key` compares them, newest first, without the assistant.
        """

    async def block(self, blocker: UserId, blocked: UserId) -> bool:
        """Block a user, and end follows either way; False if they were blocked already. Raises
        NoSuchUser, and ValueError if both are the same. Whom somebody blocks may block them too.
        """

    async def unblock(self, blocker: UserId, blocked: UserId) -> bool:
        """End a block; False if there was none."""

    async def blocked(self, user_id: UserId) -> Sequence[User]:
        """The users whom this one blocks, newest block first."""

    async def may_message(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """For each (sender, recipient), whether both exist and differ, neither blocks the other,
        and the recipient's profile is public or an accepted follow exists either way. One
        statement.
        """

    async def may_show_typing(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """As `may_message`, but in no message request: whether typing is shown."""

    async def conversation_view(self, user_id: UserId, peer: UserId) -> ConversationView:
        """What a user may see of their conversation with a peer, which they may if the peer does
        not block them, and one of the two may message the other or the user blocks the peer.
        """

    async def peer_views(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[PeerView]:
        """For each (user, peer), what the user may see of the peer: see `conversation_view` and
        `presence_audience`. One statement, whose cost grows with the pairs alone: several times
        that of a `conversation_view`.
        """

    async def blocked_either_way(
        self, user_ids: Collection[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """For each user, those whom they block or who block them. One statement."""

    async def conversation_peers(self, user_id: UserId) -> Sequence[UserId]:
        """The users with whom the user has a conversation of at least one message, by id."""

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[Change | None]]:
        """The changes from now on, whoever makes them. None: some may have been missed."""

    async def presence_audience(
        self, user_ids: Sequence[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """For each user, those who may know that they are online: an accepted follow exists either
        way, or a dm in which both have written and one may message the other, or a common
        workspace; without those who block the user or are blocked, and without the user. One
        statement.
        """


class Channels(Protocol):
    """Channels and dms."""

    async def create(self, new: NewChannel, *, by: UserId) -> Channel | Denial:
        """Make a channel.

        Raises Taken("name"): the workspace has a channel of that name, which is compared
        by `channel_key`.
        """

    async def access(self, user_id: UserId, channel_id: ChannelId) -> Access | None:
        """The channel, and whether the user may see it. None: there is no such channel."""

    async def heads(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Sequence[ChannelHead]:
        """The last seqs of those of the channels that the user may see, by channel id. One
        statement.
        """

    async def watermarks(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, Watermarks]:
        """Those of the user in these channels, where there are any, whoever may see them."""

    async def may_join(self, pairs: Sequence[tuple[UserId, ChannelId]]) -> Sequence[bool]:
        """For each (user, channel), whether the user may see it. One statement."""

    async def hidden_from(
        self, pairs: Sequence[tuple[UserId, ChannelId]]
    ) -> Sequence[frozenset[UserId] | None]:
        """For each (user, channel), from whom what the user does there is hidden, because one of
        the two blocks the other; None: the user may not write there. One statement.
        """

    async def in_workspace(self, workspace_id: WorkspaceId) -> Sequence[Channel]:
        """The workspace's channels, oldest first."""

    async def search(self, user_id: UserId, text: str) -> Sequence[Channel]:
        """The channels of the user's workspaces whose class is `text`, or whose name or subject
        contains it in upper or lower case.
        """

    async def dm(self, one: UserId, other: UserId) -> Channel:
        """The dm of two users, opened by `one`, made if it is missing. Until something was said it
        is listed only for who opened it. Raises NoSuchUser, and ValueError if both are the same.
        """


@frozen
class Store:
    """All parts of one store."""

    accounts: Accounts
    sessions: Sessions
    relations: Relations
    messages: Messages
    notes: Notes
    revisions: Revisions
    mentions: Mentions
    threads: Threads
    workspaces: Workspaces
    invitations: Invitations
    channels: Channels
    lists: Lists
    search: Search
    uploads: Uploads
    recoveries: Recoveries
    health: "Health"
    log: Log
    nodes: Nodes
    audit: Audit
    attempts: Attempts
    figures: StoreFigures = field(factory=StoreFigures)


class Health(Protocol):
    """Whether the store answers."""

    async def check(self) -> None:
        """Raises StoreUnavailable."""

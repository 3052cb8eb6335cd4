"""The operations of a store, as the rest of Parlour sees them.

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
    """Users and their password hashes. `audit`: the entry to record if the operation is done."""

    async def create(self, new: NewUser, *, audit: AuditEntry | None = None) -> User:
        """Create an account. Raises Taken("email") or Taken("username"), which are compared by
        `name_key`, or Taken("identity").
        """

    async def get(self, user_id: UserId) -> User | None:
        """The user, or None."""

    async def get_many(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """The existing ones of these users, by id."""

    async def list_page(self, *, after: UserId | None, limit: int) -> Sequence[User]:
        """Users with an id above `after`, ascending, without the assistant."""

    async def find(self, username: str) -> User | None:
        """The user with this username, compared by `name_key`; never a deleted user."""

    async def of_identity(self, identity: Identity) -> User | None:
        """The user who signs in with this account of a provider."""

    async def credentials(self, login: str) -> Credentials | None:
        """The user with this username or email, compared by `name_key`. A username takes
        precedence, because any user may enter any email.
        """

    async def password_hash(self, user_id: UserId) -> str | None:
        """The hash of the user's password; None: there is no such user."""

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
        """Returns the changed user. Raises NoSuchUser, and Taken("email")."""

    async def propose_email(
        self, user_id: UserId, email: str, digest: bytes, *, seconds: float
    ) -> None:
        """Keep an email address that the user has still to prove, in place of an earlier proposal.
        Raises NoSuchUser.

        Args:
            user_id: the user who proposes it.
            email: the address.
            digest: the hash of the token that proves it.
            seconds: how long it may be proved, by the store's clock.
        """

    async def take_proposed_email(self, user_id: UserId, digest: bytes) -> str | None:
        """The proposed email with this digest, once; None: there is none, or it is too late."""

    async def identities(self, user_id: UserId) -> Sequence[Identity]:
        """The accounts of providers with which the user signs in, oldest first."""

    async def delete(self, user_id: UserId, fate: MessageFate = MessageFate.REMOVE) -> bool:
        """Delete an account and what belongs to it: its sessions, conversations, messages, files,
        and the workspaces without other members. False, and nothing is done, if the user owns a
        workspace that has other members.

        With KEEP, conversations stay, and messages that carry no file of the user's. Their author
        is then a deleted user (`User.deleted_at`) with the same id and no personal data: `get` and
        `get_many` find it, all other operations treat it as missing. Raises NoSuchUser.
        """

    async def change_profile(
        self, user_id: UserId, change: ProfileChange, *, audit: AuditEntry | None = None
    ) -> User:
        """Returns the changed user. Raises NoSuchUser."""

    async def deactivate(self, user_id: UserId, *, audit: AuditEntry | None = None) -> User:
        """End every session of the user, and allow no new one until `reactivate`; repeating changes
        nothing. Returns the changed user. Raises NoSuchUser.
        """

    async def reactivate(self, user_id: UserId, *, audit: AuditEntry | None = None) -> User:
        """Undo `deactivate`, but not for sessions. Returns the changed user. Raises NoSuchUser."""


class Relations(Protocol):
    """Follows and blocks, and the rights that depend on them."""

    async def request_follow(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """Ask to follow: pending, or accepted at once if the followee's profile is public.
        Repeating changes nothing. None: there is no such user, or a block exists either way.
        Raises ValueError if both are the same.
        """

    async def accept_follow(self, followee: UserId, follower: UserId) -> bool:
        """Accept a follow request; False if none is pending."""

    async def remove_follow(self, follower: UserId, followee: UserId) -> bool:
        """Withdraw, refuse or end a follow; False if there was none."""

    async def follow_status(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """The status of a follow or request; None: there is neither."""

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
        """One side of a user's follows, newest first: with `status` only those of that status, with
        `before` only those after this place in the list; the first `offset` of them are left out.
        """

    async def counts(self, user_id: UserId) -> FollowCounts:
        """How many follows and requests the user has. One statement."""

    async def accept_message_request(self, user_id: UserId, requester: UserId) -> bool:
        """Make the requester an accepted follower of the user. False, and nothing is done, unless
        the requester has written to the user, the user has never written back, and neither blocks
        the other: otherwise a user could make any other user their follower.
        """

    async def decline_message_request(self, user_id: UserId, requester: UserId) -> bool:
        """Take a message request out of the user's lists, until there is a newer message of the
        requester, who gets no event for it. False, and nothing is done, if the request is not in
        the lists.
        """

    async def is_waiting(self, user_id: UserId, requester: UserId) -> bool:
        """Whether a message request of the requester is in the user's lists."""

    async def reachable(
        self, user_id: UserId, *, text: str = "", before: UserId | None, limit: int
    ) -> Sequence[User]:
        """The newest accounts with an id below `before` that the user may message and whose name or
        username contains `text`, compared by `plain_key`, newest first, without the assistant.
        """

    async def block(self, blocker: UserId, blocked: UserId) -> bool:
        """Block a user, and end follows either way; False if they were blocked already. Raises
        NoSuchUser, and ValueError if both are the same. Two users may block each other.
        """

    async def unblock(self, blocker: UserId, blocked: UserId) -> bool:
        """End a block; False if there was none."""

    async def blocked(self, user_id: UserId) -> Sequence[User]:
        """The users that this one blocks, newest block first."""

    async def may_message(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """For each (sender, recipient), whether both exist and differ, neither blocks the other,
        and the recipient's profile is public or an accepted follow exists either way. One
        statement.
        """

    async def may_show_typing(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """As `may_message`, but false while their dm is a message request."""

    async def conversation_view(self, user_id: UserId, peer: UserId) -> ConversationView:
        """Whether a user may see their conversation with a peer: the peer does not block them, and
        one of the two may message the other, the user blocks the peer, or the peer is deleted.
        """

    async def peer_views(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[PeerView]:
        """For each (user, peer), what the user may see of the peer: see `conversation_view` and
        `presence_audience`. One statement, whose cost depends only on the number of pairs: each
        costs several times as much as a `conversation_view`.
        """

    async def blocked_either_way(
        self, user_ids: Collection[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """For each user, the users who block them or are blocked by them. One statement."""

    async def conversation_peers(self, user_id: UserId) -> Sequence[UserId]:
        """The users with whom the user has a conversation of at least one message, by id."""

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[Change | None]]:
        """The changes from now on, by any program. None: some may have been missed."""

    async def presence_audience(
        self, user_ids: Sequence[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """For each user, the users who may know that this one is online: an accepted follow exists
        either way, or a dm that was answered or accepted and in which one may message the other, or
        a common workspace; without users who block the user or are blocked, and without the user.
        One statement.
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
        """The heads of the channels that the user may see, by channel id; others are left out. One
        statement.
        """

    async def watermarks(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, Watermarks]:
        """The user's watermarks in these channels, if there are any, without a check of rights."""

    async def may_join(self, pairs: Sequence[tuple[UserId, ChannelId]]) -> Sequence[bool]:
        """For each (user, channel), whether the user may see it. One statement."""

    async def hidden_from(
        self, pairs: Sequence[tuple[UserId, ChannelId]]
    ) -> Sequence[frozenset[UserId] | None]:
        """For each (user, channel), the users who may not see what the user does there, because one
        of the two blocks the other; None: the user may not write there. One statement.
        """

    async def in_workspace(self, workspace_id: WorkspaceId) -> Sequence[Channel]:
        """The workspace's channels, oldest first."""

    async def search(self, user_id: UserId, text: str) -> Sequence[Channel]:
        """The channels of the user's workspaces whose class is `text`, or whose name or subject
        contains it, regardless of case.
        """

    async def dm(self, one: UserId, other: UserId) -> Channel:
        """The dm of two users, opened by `one`, made if it is missing. Until it has a message, only
        a user who has opened it has it in their lists. Raises NoSuchUser, and ValueError if both
        are the same.
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
    """Whether the store is available."""

    async def check(self) -> None:
        """Raises StoreUnavailable if the store cannot be used now."""

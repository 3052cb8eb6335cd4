"""What is remembered, as seen by the rest of Parlour.

Guarantees, for every implementation (one contract suite runs over all of them):

- `Messages.post` is all or nothing per draft: an outcome is returned only for what is durable.
- Per channel, `seq` has no holes, and seq order is commit order.
- `(author, key)` is posted at most once; a repeat returns the first message.
- Watermarks only move forward.

Must not know: commands, events, dialects, sockets. Times are aware UTC datetimes with millisecond
precision.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from attrs import frozen

from persistence.records import (
    Access,
    Advance,
    Change,
    ChannelHead,
    Conversation,
    Credentials,
    Draft,
    ForeignSession,
    Gap,
    NewChannel,
    NewUser,
    Outcome,
    Permit,
    Recovery,
    Relation,
    SessionChange,
    Span,
    Upload,
)
from protocol.model import (
    Channel,
    ChannelId,
    FollowStatus,
    GradingStatus,
    Message,
    MessageId,
    Posted,
    Session,
    SessionId,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)


class Accounts(Protocol):
    """Users and their passwords."""

    async def create(self, new: NewUser) -> User:
        """Raises Taken("email") or Taken("username"); both compare case-insensitively."""

    async def get(self, user_id: UserId) -> User | None:
        """None: there is no such user."""

    async def get_many(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """Those that exist, by id."""

    async def list_page(self, *, after: UserId | None, limit: int) -> Sequence[User]:
        """Users with an id above `after`, ascending."""

    async def find(self, username: str) -> User | None:
        """By username, case-insensitively."""

    async def credentials(self, login: str) -> Credentials | None:
        """By email or username, case-insensitively."""

    async def set_password(self, user_id: UserId, password_hash: str) -> None:
        """Raises NoSuchUser. Ends every session of the user in the same transaction."""

    async def rehash_password(self, user_id: UserId, password_hash: str) -> None:
        """The same password at another cost: sessions stay."""

    async def set_public(self, user_id: UserId, *, is_public: bool) -> User:
        """Raises NoSuchUser."""


class Sessions(Protocol):
    """Logins, found by the hash of their token."""

    async def open(self, user_id: UserId, token_hash: bytes, expires_at: datetime) -> Session:
        """Raises NoSuchUser."""

    async def find(self, token_hashes: Sequence[bytes]) -> Sequence[Session | None]:
        """For each hash, the session if it is there and has not expired."""

    async def close(self, token_hash: bytes) -> SessionId | None:
        """The id of the session that was ended now, or None."""

    async def close_all(self, user_id: UserId) -> Sequence[SessionId]:
        """Ends every session of a user."""

    async def purge_expired(self) -> int:
        """Forget sessions past their end; returns how many."""

    async def secret(self, name: str, proposal: str) -> str:
        """The secret of that name that every hub agrees on; the first proposal wins."""

    async def alive(self, session_ids: Sequence[SessionId]) -> frozenset[SessionId]:
        """Those of the sessions that are there and have not expired."""

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[SessionChange | None]]:
        """Sessions that end from now on, and users that change, whoever has it done. None: some may
        have been missed.
        """


class ForeignSessions(Protocol):
    """The logins of another application, only read."""

    async def find(self, sid: str) -> ForeignSession | None:
        """The session if it is there and has not expired."""


class Relations(Protocol):
    """Follows and blocks, and the policy that follows from them."""

    async def request_follow(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """Pending; accepted at once when the followee's profile is public. Repeating changes
        nothing. None: no such user, or a block exists either way. Raises ValueError on oneself.
        """

    async def accept_follow(self, followee: UserId, follower: UserId) -> bool:
        """False when there is no pending request."""

    async def remove_follow(self, follower: UserId, followee: UserId) -> bool:
        """Withdraw, refuse or end a follow. False when there was none."""

    async def followers(self, user_id: UserId) -> Sequence[Relation]:
        """Pending and accepted, newest first."""

    async def following(self, user_id: UserId) -> Sequence[Relation]:
        """Pending and accepted, newest first."""

    async def block(self, blocker: UserId, blocked: UserId) -> bool:
        """Also removes follows in both directions. False when it was blocked already. Raises
        NoSuchUser, and ValueError on oneself.
        """

    async def unblock(self, blocker: UserId, blocked: UserId) -> bool:
        """False when it was not blocked."""

    async def blocked(self, user_id: UserId) -> Sequence[User]:
        """Whom the user blocks, newest first."""

    async def may_message(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """For each (sender, recipient): both exist and differ, neither blocked the other, and the
        recipient's profile is public or an accepted follow exists either way. One statement.
        """

    async def may_see(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """For each (user, peer), whether the user may see their conversation: the peer does not
        block them, and one of the two may message the other or the user blocks the peer.
        """

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[Change | None]]:
        """What changes from now on, whoever does it. None: something may have been missed."""

    async def presence_audience(
        self, user_ids: Sequence[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """Who may know that each user is online: accepted follow either way, a common dm in which
        one may message the other, or a common workspace; minus blocks either way, never the user
        themself. One statement.
        """


class Messages(Protocol):
    """The log."""

    async def post(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        """Permission, repeats, seq, insert: one statement for the batch, one outcome per draft, in
        order. Drafts of one channel get their seqs in the order given. A reply's parent must be
        in the same channel and not deleted; a repeat of a key is not asked for its parent again.
        Content must not hold NUL or lone surrogates. The assistant may answer in any channel.
        Raises StoreUnavailable: the outcome of every draft is unknown.
        """

    async def conversation_page(
        self, user_id: UserId, peer_id: UserId, *, offset: int, limit: int
    ) -> Sequence[Message]:
        """The newest `limit` messages of the two after skipping `offset`, oldest first; none if
        the user may not see them.
        """

    async def conversation_after(
        self, user_id: UserId, peer_id: UserId, *, after_seq: int, limit: int
    ) -> Sequence[Message]:
        """Messages with seq > after_seq, oldest first; none if the user may not see them."""

    async def in_spans(
        self, user_id: UserId, spans: Sequence[Span], *, limit: int
    ) -> Sequence[Message]:
        """The first `limit` messages of the spans, in the order of the spans, then by seq. Of a
        channel that the user may not see there are none. One statement.
        """

    async def in_gaps(self, gaps: Sequence[Gap], *, limit: int) -> Sequence[Posted]:
        """The first `limit` messages of the gaps, for the hub itself: nobody is asked for. In the
        order of the gaps, then by seq. One statement.
        """

    async def last_id(self) -> MessageId:
        """No message that is stored later has an id up to this one; 0 when there is none yet."""

    async def undelivered(self, user_id: UserId, *, limit: int) -> Sequence[Message]:
        """The newest `limit` messages by others above the user's delivered watermarks, oldest
        first, in the channels that have such a watermark and that the user may still see.
        """

    async def channel_page(
        self, channel_id: ChannelId, *, before: MessageId | None, limit: int
    ) -> Sequence[Message]:
        """The newest `limit` messages with an id below `before`, oldest first."""

    async def get(self, message_id: MessageId) -> Message | None:
        """None: there is no such message, or it was deleted."""

    async def replies(self, message_id: MessageId, *, limit: int) -> Sequence[Message]:
        """The first `limit` replies to a message, oldest first."""

    async def pinned(self, channel_id: ChannelId) -> Sequence[Message]:
        """The channel's pinned messages, in the order they were pinned."""

    async def delete(self, message_id: MessageId) -> bool:
        """Forget the content; its seq stays taken. False: there was no such message."""

    async def grade(self, message_id: MessageId, status: GradingStatus) -> Message | None:
        """The message with its new status, or None."""

    async def mark_read(self, reader: UserId, peer_id: UserId) -> Advance | None:
        """Move the reader's watermark to the conversation's last seq. None when nothing moved."""

    async def mark_read_up_to(self, reader: UserId, message_id: MessageId) -> Advance | None:
        """Move the reader's watermark in the message's channel to it. None when nothing moved, or
        the reader may not see the message.
        """

    async def mark_delivered_up_to(
        self, recipient: UserId, message_id: MessageId
    ) -> Advance | None:
        """The same for the delivered watermark, which a read one moves along."""

    async def unread_in(self, user_id: UserId, channel_id: ChannelId, *, among: int) -> int:
        """Messages by others above the user's read watermark, among the channel's newest."""

    async def archive(self, user_id: UserId, peer_id: UserId) -> bool:
        """Hide the conversation until there is a newer message. False: there is none."""

    async def conversations(self, user_id: UserId) -> Sequence[Conversation]:
        """Those with a message that the user may see, newest first, archived ones included."""

    async def unread_count(self, user_id: UserId) -> int:
        """Messages by others above the user's read watermarks."""


class Workspaces(Protocol):
    """Who shares channels with whom."""

    async def create(self, owner_id: UserId, name: str, description: str | None) -> Workspace:
        """Its only member is its owner."""

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """None: there is no such workspace."""

    async def of_user(self, user_id: UserId) -> Sequence[Workspace]:
        """Those the user is a member of, oldest first."""

    async def of_users(self, user_ids: Sequence[UserId]) -> Mapping[UserId, frozenset[WorkspaceId]]:
        """The workspaces of each user. One statement."""

    async def add_member(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """The workspace as it is then, or None. Repeating changes nothing. Raises NoSuchUser."""

    async def remove_member(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """The workspace as it is then, or None. Repeating changes nothing."""


class Channels(Protocol):
    """Where messages are."""

    async def create(self, new: NewChannel) -> Channel | None:
        """None: there is no such workspace."""

    async def access(self, user_id: UserId, channel_id: ChannelId) -> Access | None:
        """The channel, and whether the user is one of its people. None: no such channel."""

    async def heads(
        self, user_id: UserId, channel_ids: Collection[ChannelId] | None = None
    ) -> Sequence[ChannelHead]:
        """Those of the channels that the user may see, by id; None: of all. One statement."""

    async def may_join(self, pairs: Sequence[tuple[UserId, ChannelId]]) -> Sequence[bool]:
        """For each (user, channel), whether the user may see it. One statement."""

    async def in_workspace(self, workspace_id: WorkspaceId) -> Sequence[Channel]:
        """By creation."""

    async def search(self, user_id: UserId, text: str) -> Sequence[Channel]:
        """Of the user's workspaces: class equal to `text`, or name or subject containing it in any
        case.
        """

    async def dm(self, one: UserId, other: UserId) -> Channel:
        """The two users' private channel, found or made. Raises NoSuchUser, and ValueError on
        one and the same.
        """

    async def dms(self, user_id: UserId) -> Sequence[Channel]:
        """The user's private channels, by creation."""

    async def pin(self, channel_id: ChannelId, message_id: MessageId) -> Channel | None:
        """None: no such channel, or no such message in it. Repeating changes nothing."""

    async def unpin(self, channel_id: ChannelId, message_id: MessageId) -> Channel | None:
        """None: no such channel, or no such message in it. Repeating changes nothing."""


class Uploads(Protocol):
    """Which files there are, and who may have them."""

    async def add(self, upload: Upload) -> None:
        """Remember a stored file."""

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """The file if the user stored it, or may see a message that carries it."""


class Recoveries(Protocol):
    """What connections that can be recovered were told, found by the hash of their secret id."""

    async def save(self, key: bytes, user_id: UserId, positions: Mapping[ChannelId, int]) -> None:
        """Remember, or replace what was remembered. Raises NoSuchUser."""

    async def find(self, key: bytes, *, within: float) -> Recovery | None:
        """What was remembered, if it was saved or touched less than `within` seconds ago."""

    async def touch(self, keys: Sequence[bytes]) -> None:
        """These connections are still there."""

    async def purge(self, *, older_than: float) -> int:
        """Forget those not touched for so many seconds; returns how many."""


@frozen
class Store:
    """One log and everything around it, behind small interfaces."""

    accounts: Accounts
    sessions: Sessions
    relations: Relations
    messages: Messages
    workspaces: Workspaces
    channels: Channels
    uploads: Uploads
    recoveries: Recoveries
    health: "Health"


class Health(Protocol):
    """Whether the store answers."""

    async def check(self) -> None:
        """Raises StoreUnavailable."""

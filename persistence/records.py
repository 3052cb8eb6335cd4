"""The values that go into and come out of a store, and the errors it raises.

Guarantees: immutable; times are aware UTC datetimes with millisecond precision. Must not know:
commands, events, dialects, sockets.
"""

from collections.abc import Sequence
from datetime import date
from enum import Enum, auto
from typing import ClassVar, Final, TypeAlias

from attrs import asdict, field, frozen

from protocol.model import (
    Channel,
    ChannelId,
    ChannelKind,
    FollowStatus,
    Message,
    MessageId,
    MessageKind,
    Posted,
    Refusal,
    Role,
    Standing,
    User,
    UserId,
    WorkspaceId,
    name_key,
)
from protocol.notes import Mute, Note


class StoreError(Exception):
    """Base of the errors that a store raises."""


class StoreUnavailable(StoreError):
    """The store is not available now, and the operation's outcome is unknown. Trying again is safe
    for reads and for sends with a key. `heals`: whether waiting may help.
    """

    heals: ClassVar[bool] = True


class Unfit(Enum):
    """Why a database that responds cannot be used now."""

    STANDBY = "standby"
    READ_ONLY = "read_only"
    NO_SYNC_STANDBY = "no_sync_standby"
    STANDBYS_HIDDEN = "standbys_hidden"


_UNFIT: Final = {
    Unfit.STANDBY: "this Postgres is a standby",
    Unfit.READ_ONLY: "this Postgres is read-only: default_transaction_read_only is on",
    Unfit.NO_SYNC_STANDBY: "no synchronous standby is connected to this Postgres",
    Unfit.STANDBYS_HIDDEN: (
        "require_sync_standby: the role may not see the standbys of this Postgres:"
        " GRANT pg_read_all_stats to it"
    ),
}


class DatabaseUnfit(StoreUnavailable):
    """The database responds, but cannot be used now; `why`: the reason."""

    def __init__(self, why: Unfit) -> None:
        self.why: Final = why
        super().__init__(_UNFIT[why])


class Taken(StoreError):
    """Another account, or channel of the workspace, has this value of a unique field; `field` is
    the field's name.
    """

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"{field} is taken")


class Gone(StoreError):
    """A row that a new one would refer to was deleted meanwhile: mostly the asker's account."""


class NoSuchUser(Gone):
    """There is no user with a given id."""


class Denial(Enum):
    """Why an operation was not done for a user. What they may not see is NOT_FOUND."""

    NOT_FOUND = auto()
    NOT_ALLOWED = auto()


class StorageFull(Enum):
    """Why an upload was not added: the files of its owner, or all files, would exceed a quota."""

    OF_OWNER = "of_owner"
    OF_ALL = "of_all"


@frozen
class Identity:
    """An account of a provider. `subject` is its permanent id there; names and email addresses may
    change or pass to another person, so they identify no account.
    """

    issuer: str
    subject: str


@frozen
class NewUser:
    """An account to be created. Without a `username`, it gets a free one, derived from `called` or
    else the email. `identity`: the account of a provider with which its user signs in.
    """

    name: str
    password_hash: str = field(repr=False)
    username: str | None = None
    email: str | None = None
    first_name: str = ""
    last_name: str = ""
    date_of_birth: date | None = None
    avatar: str | None = None
    nickname: str | None = None
    about_me: str | None = None
    role: Role = Role.STUDENT
    class_name: str | None = None
    subject: str | None = None
    is_public: bool = True
    called: str | None = None
    identity: Identity | None = None


def channel_key(name: str) -> str:
    """The key by which the names of a workspace's channels are compared."""
    return name_key(name).strip(" ")


class Unchanged(Enum):
    """The value of a field that stays as it is."""

    UNCHANGED = auto()


UNCHANGED: Final = Unchanged.UNCHANGED


@frozen
class ProfileChange:
    """The new values for an account's profile. Fields that are not given stay as they are."""

    name: str | Unchanged = UNCHANGED
    first_name: str | Unchanged = UNCHANGED
    last_name: str | Unchanged = UNCHANGED
    date_of_birth: date | Unchanged | None = UNCHANGED
    avatar: str | Unchanged | None = UNCHANGED
    nickname: str | Unchanged | None = UNCHANGED
    about_me: str | Unchanged | None = UNCHANGED
    role: Role | Unchanged = UNCHANGED
    is_public: bool | Unchanged = UNCHANGED

    def given(self) -> dict[str, object]:
        """The new values, by field."""
        return asdict(self, filter=lambda _, value: value is not UNCHANGED)


@frozen
class Credentials:
    """A user and the hash that the password of a login is checked against."""

    user: User
    password_hash: str = field(repr=False)


@frozen
class Draft:
    """A message to be stored, for a recipient or for a channel: exactly one of the two is set.

    `key`: the author's idempotency key, 1 to 255 characters. `asker_id`: for a message of the
    assistant, the user whose question it answers; it is stored as read by that user. `parent_id`:
    the message that this one replies to. `forwards`: the message that this one becomes a copy of:
    its content, kind and file are copied when the draft is stored.
    """

    author_id: UserId
    recipient_id: UserId | None
    content: str
    key: str | None = None
    kind: MessageKind = MessageKind.TEXT
    file_url: str | None = None
    channel_id: ChannelId | None = None
    is_homework: bool = False
    asker_id: UserId | None = None
    parent_id: MessageId | None = None
    forwards: MessageId | None = None

    @property
    def where(self) -> object:
        """The conversation as the draft names it: drafts with the same value keep their order."""
        if self.channel_id is not None:
            return self.channel_id
        return frozenset((self.author_id, self.recipient_id))


Outcome: TypeAlias = Posted | Refusal


@frozen
class Locked:
    """Another transaction holds a lock that a draft needs. The draft is not stored, nor are later
    ones in the same conversation.
    """


class Side(Enum):
    """Which follows of a user are listed."""

    FOLLOWERS = auto()
    """Users who follow the user, or have asked to."""

    FOLLOWING = auto()
    """Users that the user follows, or has asked to follow."""


Place: TypeAlias = tuple[int, UserId]
"""The position of a follow in a list: when it was made, and the user."""


@frozen
class Relation:
    """A follow between the owner of a list and `user`; its direction depends on the list. `made`:
    grows with the time at which it was made.
    """

    user: User
    status: FollowStatus
    made: int

    @property
    def place(self) -> Place:
        """Its position in the list."""
        return self.made, self.user.id


@frozen
class FollowCounts:
    """How many users follow a user, how many the user follows, and how many requests wait."""

    followers: int
    following: int
    requests: int


@frozen
class Advance:
    """A watermark moved forward, to `seq`.

    `message_ids`: the messages of others between the old watermark and the new one, oldest first,
    at most the newest 1,000; `author_ids`: the author of each. `peer_id`: the other user of a dm.
    `audience`: these authors and the peer, if they may still see the channel and are not in
    `hidden_from`. `hidden_from`: users who block this one or are blocked by them, and the peer if
    the dm is a request to the user.
    """

    channel_id: ChannelId
    seq: int
    message_ids: tuple[MessageId, ...]
    author_ids: tuple[UserId, ...]
    peer_id: UserId | None
    audience: frozenset[UserId]
    hidden_from: frozenset[UserId]


@frozen
class Reading:
    """The result of marking messages read. `note`: the channel's changed note, if an "unread from
    here" ended or moved.
    """

    advance: Advance | None = None
    note: Note | None = None


@frozen
class Permit:
    """Whether one user has a right towards another, and their dm if there is one."""

    allowed: bool
    channel_id: ChannelId | None


@frozen
class PeerView:
    """What a user may see of a peer. `may_see`: their conversation. `knows`: whether the peer is
    online. `acquainted`: whether they have an accepted follow, an answered dm or a common
    workspace; without one, the user never knew the peer's presence. `blocked`: whether one of them
    blocks the other. `channel_id`: their dm if there is one.
    """

    may_see: bool
    knows: bool
    acquainted: bool
    blocked: bool
    channel_id: ChannelId | None


@frozen
class ConversationView:
    """What a user may see of their conversation with a peer: whether they may see it, whether one
    of the two blocks the other, and the dm if there is one.
    """

    may_see: bool
    blocked: bool
    channel_id: ChannelId | None

    @property
    def is_hidden(self) -> bool:
        """Whether the peer blocks the user; the peer is then shown as missing."""
        return self.blocked and not self.may_see

    @property
    def is_closed(self) -> bool:
        """Whether there is a conversation that the user may not see."""
        return self.channel_id is not None and not self.may_see


@frozen
class Access:
    """A channel, and whether the asking user may see it."""

    channel: Channel
    allowed: bool


@frozen
class ChannelHead:
    """A channel that a user may see, the seq of its last message, and the rev of its last revision;
    0 when there is none.
    """

    channel: Channel
    last_seq: int
    last_rev: int = 0


@frozen
class Watermarks:
    """How far a user has received and read a channel."""

    delivered: int
    read: int


@frozen
class Newest:
    """The newest message of a channel, and how many of its newest ones a user has not read."""

    message: Message
    unread_count: int


@frozen
class Span:
    """The messages of a channel with `after` < seq <= `until`."""

    channel_id: ChannelId
    after: int
    until: int


@frozen
class Gap:
    """The messages of a channel that may be missing: those above this seq and this id."""

    channel_id: ChannelId
    above_seq: int
    above_id: MessageId


@frozen
class Membership:
    """A member of a workspace, and their standing in it."""

    user: User
    standing: Standing


@frozen
class NewChannel:
    """A channel to be made in a workspace."""

    workspace_id: WorkspaceId
    name: str
    kind: ChannelKind = ChannelKind.TEXT
    class_name: str | None = None
    subject: str | None = None


@frozen
class Written:
    """The messages of a user in a part of the log, oldest first. `upto`: the id of the last message
    of the part; None: there is no message above `above`.
    """

    messages: Sequence[Message]
    upto: MessageId | None


@frozen
class Expired:
    """How many messages were removed. `next_above`: the channel id to go on above; None: there are
    no more channels.
    """

    removed: int
    next_above: ChannelId | None


@frozen
class Conversation:
    """A dm as one participant sees it.

    `is_request`: the peer wrote first, and the participant has neither answered nor accepted the
    request, nor let the peer in otherwise: by following them, by accepting them as a follower of a
    private profile, or in a common workspace. `last_id` and `last_seq`: of the channel's last
    message, which may be deleted or the assistant's. `last_rev`: of the channel's last revision.
    `mute`, `unread_from`: see `ChannelNote`.
    """

    channel_id: ChannelId
    peer: User
    last_message: Message
    unread_count: int
    is_request: bool
    last_id: MessageId
    last_seq: int
    last_rev: int
    is_archived: bool = False
    mute: Mute | None = None
    unread_from: int | None = None

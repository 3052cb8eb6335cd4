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
    """The store does not answer now, and the operation's outcome is unknown. Trying again is safe
    for reads and for sends with a key. `heals`: whether waiting may help.
    """

    heals: ClassVar[bool] = True


class Unfit(Enum):
    """Why a database that answers is of no use now."""

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
    """The database answers, and is of no use now; `why`: for what reason."""

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
    """What a new row would refer to was deleted meanwhile: mostly the account of who asks."""


class NoSuchUser(Gone):
    """There is no user with an id that was given."""


class Denial(Enum):
    """Why something was not done for a user. What they may not see is as if it were not there."""

    NOT_FOUND = auto()
    NOT_ALLOWED = auto()


class StorageFull(Enum):
    """Why an upload was not added: whose files would be too many bytes together."""

    OF_OWNER = "of_owner"
    OF_ALL = "of_all"


@frozen
class Identity:
    """An account of a provider. `subject` names it there, for ever; names and addresses may change
    or be given to somebody else, and identify nobody.
    """

    issuer: str
    subject: str


@frozen
class NewUser:
    """An account to be created. Without a `username`, it gets one that is free, derived from
    `called` or else the email. `identity`: by which its user signs in.
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
    """What the names of a workspace's channels are compared by."""
    return name_key(name).strip(" ")


class Unchanged(Enum):
    """The value of a field that stays as it is."""

    UNCHANGED = auto()


UNCHANGED: Final = Unchanged.UNCHANGED


@frozen
class ProfileChange:
    """What is to change of an account. What is not given stays as it is."""

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

    `key`: the author's idempotency key, 1 to 255 characters. `asker_id`: of a message of the
    assistant, the user whom it answers; it is stored as read by them. `parent_id`: the message that
    this one replies to. `forwards`: the message that this one becomes a copy of: content, kind and
    file are taken from it when it is stored.
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
    """Another transaction holds what a draft needs. It is not stored, nor are those behind it in
    the same conversation.
    """


class Side(Enum):
    """Which follows of a user are listed."""

    FOLLOWERS = auto()
    """Who follows the user, or asks to."""

    FOLLOWING = auto()
    """Whom the user follows, or asked to."""


Place: TypeAlias = tuple[int, UserId]
"""Where a follow stands in a list: when it was made, and the user."""


@frozen
class Relation:
    """A follow between the user who asks and `user`; which way depends on the list. `made`: grows
    with the time at which it was made.
    """

    user: User
    status: FollowStatus
    made: int

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return self.made, self.user.id


@frozen
class FollowCounts:
    """How many users follow one and are followed by them, and how many requests wait for them."""

    followers: int
    following: int
    requests: int


@frozen
class Advance:
    """A watermark moved forward, to `seq`.

    `message_ids`: the messages of others between the old and the new one, oldest first, the newest
    1,000; `author_ids`: the author of each. `peer_id`: the other user of a dm. `audience`: those of
    them who may still see the channel. `hidden_from`: those who block the user or are blocked, who
    are no part of the audience.
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
    """What marking messages read has changed. `note`: what was marked unread is so no more, or less
    of it.
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
    """What a user may see of a peer: their conversation, and whether the peer is online; whether
    they are acquainted, by an accepted follow, an answer or a workspace, for without that the user
    has never known it; whether one of them blocks the other; and their dm if there is one.
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
        """Whether the peer blocks the user, to whom the peer is as if there were none."""
        return self.blocked and not self.may_see

    @property
    def is_closed(self) -> bool:
        """Whether there is a conversation, but no right to it."""
        return self.channel_id is not None and not self.may_see


@frozen
class Access:
    """A channel, and whether the user who asks may see it."""

    channel: Channel
    allowed: bool


@frozen
class ChannelHead:
    """A channel that a user may see, the seq of its last message, and the rev of the last revision
    of one; 0 when there is none.
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
    """A member of a workspace, and what they are in it."""

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
    """What a user wrote in a part of the log, oldest first. `upto`: the id of the last message of
    that part; None: there is no message above.
    """

    messages: Sequence[Message]
    upto: MessageId | None


@frozen
class Expired:
    """How many messages were removed. `next_above`: the channel to go on above; None: that was
    all.
    """

    removed: int
    next_above: ChannelId | None


@frozen
class Conversation:
    """A dm as one participant sees it.

    `is_request`: the peer wrote first, and the participant has neither answered nor accepted it,
    nor let the peer in otherwise: by following them, by letting them follow a private profile, or
    in a common workspace. `last_id` and `last_seq`: of the channel's last message, which may be
    deleted or the assistant's. `last_rev`: of the last revision of one.
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

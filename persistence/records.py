"""What goes in and out of the store: plain values, and the errors it raises.

Guarantees: immutable; times are aware UTC datetimes with millisecond precision. Must not know:
commands, events, dialects, sockets.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeAlias

from attrs import field, frozen

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
    SessionId,
    User,
    UserId,
    WorkspaceId,
)


class StoreError(Exception):
    """Base of everything a store raises on purpose."""


class StoreUnavailable(StoreError):
    """The store cannot be reached now. The operation's outcome is unknown; trying again is safe
    for reads and for sends that carry a key.
    """


class Taken(StoreError):
    """A unique field of a new account belongs to somebody already; `field` is its name."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"{field} is taken")


class NoSuchUser(StoreError):
    """A user id that does not exist was given where one must."""


@frozen
class NewUser:
    """An account to be created. `username` None lets the store derive a free one from the email."""

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


@frozen
class Credentials:
    """What a login is checked against."""

    user: User
    password_hash: str = field(repr=False)


@frozen
class Draft:
    """A message to be stored, for a recipient or for a channel: exactly one of both is set.

    `key`: the author's idempotency key, 1 to 255 characters. `asker_id`: whom the assistant
    answers; they have read the answer when it is stored.
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


Outcome: TypeAlias = Posted | Refusal


@frozen
class Relation:
    """How `user` stands to the one who asks: in which list they appear, and how far it got."""

    user: User
    status: FollowStatus


@frozen
class Advance:
    """A watermark moved forward, to `seq`.

    `message_ids`: what others wrote between the old and the new one, oldest first, the newest 100;
    `author_ids`: who wrote each. `peer_id`: the other side of a dm.
    """

    channel_id: ChannelId
    seq: int
    message_ids: tuple[MessageId, ...]
    author_ids: tuple[UserId, ...]
    peer_id: UserId | None


@frozen
class Permit:
    """Whether one user may do something towards another, and their dm channel if there is one."""

    allowed: bool
    channel_id: ChannelId | None

    @property
    def is_closed(self) -> bool:
        """Whether there is a conversation, and it is not allowed."""
        return self.channel_id is not None and not self.allowed


@frozen
class Access:
    """A channel and whether the user who asks may see it."""

    channel: Channel
    allowed: bool


@frozen
class PairChanged:
    """A block between the two, or a follow that is no more."""

    one: UserId
    other: UserId


@frozen
class ProfileChanged:
    """The user's profile is private now."""

    user_id: UserId


@frozen
class MemberGone:
    """The user left the workspace, or was put out of it."""

    workspace_id: WorkspaceId
    user_id: UserId


@frozen
class ChannelMemberGone:
    """The user is no longer one of the channel's own members."""

    channel_id: ChannelId
    user_id: UserId


@frozen
class UserGone:
    """The account is no more."""

    user_id: UserId


Change: TypeAlias = PairChanged | ProfileChanged | MemberGone | ChannelMemberGone | UserGone
"""What may take somebody's right to see something."""


@frozen
class SessionEnded:
    """The session is no more."""

    session_id: SessionId


@frozen
class UserChanged:
    """What is known of the user, by their sessions too, may not be true any more."""

    user_id: UserId


SessionChange: TypeAlias = SessionEnded | UserChanged


@frozen
class ChannelHead:
    """A channel that a user may see, and the seq of its last message; 0 when there is none."""

    channel: Channel
    last_seq: int


@frozen
class Span:
    """The messages of a channel with `after` < seq <= `until`."""

    channel_id: ChannelId
    after: int
    until: int


@frozen
class Gap:
    """What may be missing of a channel: messages above this seq and this id."""

    channel_id: ChannelId
    above_seq: int
    above_id: MessageId


@frozen
class Recovery:
    """What a connection that ended was told of: its channels, and up to which seq at least."""

    user_id: UserId
    positions: Mapping[ChannelId, int]


@frozen
class NewChannel:
    """A channel to be made in a workspace."""

    workspace_id: WorkspaceId
    name: str
    kind: ChannelKind = ChannelKind.TEXT
    class_name: str | None = None
    subject: str | None = None


@frozen
class Upload:
    """A file that was stored: its address, who stored it and what it is."""

    url: str
    owner_id: UserId
    mime_type: str


@frozen
class Conversation:
    """A dm channel as one participant sees it.

    `is_request`: the peer wrote first, I never answered and no accepted follow exists either way.
    """

    channel_id: ChannelId
    peer: User
    last_message: Message
    unread_count: int
    is_request: bool
    is_archived: bool = False


@frozen
class ForeignSession:
    """A login of another application: whose, and until when."""

    user_id: UserId
    expires_at: datetime

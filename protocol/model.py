"""The nouns of the domain, shared by every layer.

Guarantees: all values are immutable; every id is a positive integer below 2**53, because browsers
parse JSON numbers as doubles; names are compared in one form. Must not know: how anything is
stored or sent.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple, NewType, TypeAlias

from attrs import field, frozen

UserId = NewType("UserId", int)
ChannelId = NewType("ChannelId", int)
WorkspaceId = NewType("WorkspaceId", int)
MessageId = NewType("MessageId", int)
SessionId = NewType("SessionId", int)

MAX_ID: Final = 2**53 - 1
ASSISTANT_ID: Final = UserId(999)  # reserved: no ordinary account gets it


def name_key(text: str) -> str:
    """The form in which names, logins and addresses are compared: without the differences of upper
    and lower case and of compatible characters (Unicode's NFKC and case folding).
    """
    if text.isascii():
        return text.lower()
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())


_STROKES: Final = str.maketrans("øłđħŧı", "oldhti")


def plain_key(text: str) -> str:
    """The form in which people are searched: `name_key` without accents. The column `plain_key`
    of Postgres holds the same.
    """
    apart = unicodedata.normalize("NFKD", name_key(text))
    letters = (each for each in apart if not "\u0300" <= each <= "\u036f")
    return "".join(letters).translate(_STROKES)


def spellings(text: str) -> tuple[str, ...]:
    """The spellings of a text that read the same: as it is given, and with letters and their marks
    in one character, or in several (Unicode's NFC and NFD).
    """
    return (text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text))


class Role(StrEnum):
    """What a user is on the platform; only the learning platform's dialects show it."""

    STUDENT = "student"
    TEACHER = "teacher"
    PRINCIPAL = "principal"
    ADMIN = "admin"
    ASSISTANT = "assistant"


STAFF: Final = frozenset({Role.TEACHER, Role.PRINCIPAL, Role.ADMIN})
"""A member of a workspace who has one of these roles is a moderator there."""


class Standing(StrEnum):
    """What a user is in a workspace and its channels, or in a private conversation.

    `contact`: may write to the other user of a conversation; `participant`: may only read it.
    """

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"
    GUEST = "guest"
    CONTACT = "contact"
    PARTICIPANT = "participant"


GIVEN_STANDINGS: Final = (Standing.MODERATOR, Standing.MEMBER, Standing.GUEST)
"""The standings that the owner of a workspace can give to its other members."""


class MessageKind(StrEnum):
    """How a client should present a message's content."""

    TEXT = "text"
    FILE = "file"
    IMAGE = "image"
    DOUBT = "doubt"
    ASSIGNMENT = "assignment"
    ANNOUNCEMENT = "announcement"

    @property
    def plain(self) -> "MessageKind":
        """The kind as clients see it that know only the plain kinds."""
        return self if self in PLAIN_KINDS else MessageKind.TEXT


PLAIN_KINDS: Final = (MessageKind.TEXT, MessageKind.FILE, MessageKind.IMAGE)
"""The kinds that every dialect knows; the others are the learning platform's."""


class GradingStatus(StrEnum):
    """Whether a teacher has graded a message that is homework."""

    PENDING = "pending"
    GRADED = "graded"


class DeliveryStatus(StrEnum):
    """The furthest status of a message with any user but its author. It only moves forward."""

    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"


class ChannelKind(StrEnum):
    """`dm` is the private conversation of exactly two users; the others belong to a workspace."""

    DM = "dm"
    TEXT = "text"
    ANNOUNCEMENT = "announcement"


class FollowStatus(StrEnum):
    """A follow counts for permissions once the followed user has accepted it."""

    PENDING = "pending"
    ACCEPTED = "accepted"


class MessageFate(StrEnum):
    """What becomes of the messages of an account that is deleted."""

    KEEP = "keep"
    """They stay, by a deleted user."""

    REMOVE = "remove"


class Refusal(StrEnum):
    """Why a well-formed send was not stored; `protocol.errors.REFUSAL_CODES` has the wire codes."""

    RECIPIENT_NOT_FOUND = "recipient_not_found"
    CANNOT_MESSAGE_SELF = "cannot_message_self"
    NOT_ALLOWED = "not_allowed"
    KEY_CONFLICT = "key_conflict"
    CHANNEL_NOT_FOUND = "channel_not_found"
    NOT_A_MEMBER = "not_a_member"
    READ_ONLY = "read_only"
    PARENT_NOT_FOUND = "parent_not_found"
    ORIGINAL_NOT_FOUND = "original_not_found"
    FILE_NOT_FOUND = "file_not_found"
    UNSTORABLE = "unstorable"


@frozen
class User:
    """An account, without its secrets.

    `name` is the display name every dialect shows; `username` is unique and never empty.
    `deactivated_at`: since when sign-ins to the account are refused; None: they are not.
    `deleted_at`: when the account was deleted while its messages were kept; nobody can sign in to
    it.
    """

    id: UserId
    username: str
    name: str
    created_at: datetime
    updated_at: datetime
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
    deactivated_at: datetime | None = None
    deleted_at: datetime | None = None


@frozen
class Session:
    """A login. The token itself is never kept, only its hash (in the store).

    `expires_at`: by the clock of the server that keeps the session. `due`: the same time in seconds
    on the monotonic clock of this process.
    """

    id: SessionId
    user: User
    expires_at: datetime
    due: float = field(eq=False)


class Position(NamedTuple):
    """A channel and a `seq` in it."""

    channel_id: ChannelId
    seq: int


@frozen
class RevisionPosition:
    """How far a client knows a channel's revisions."""

    channel_id: ChannelId
    rev: int


@frozen
class NotePosition:
    """How far a client knows its user's notes."""

    number: int


LogPosition: TypeAlias = Position | RevisionPosition | NotePosition
"""What a client has reached once it received an event."""


@frozen
class Reached:
    """How far a connection got in a channel at least: the last message and the last revision."""

    seq: int = 0
    rev: int = 0

    def or_further(self, other: "Reached") -> "Reached":
        """The further of both, of messages and of revisions each."""
        return Reached(max(self.seq, other.seq), max(self.rev, other.rev))


@frozen
class Reaction:
    """An emoji that users have added to a message. `user_ids`: the first of them, oldest first."""

    emoji: str
    count: int
    user_ids: tuple[UserId, ...]


@frozen
class Mention:
    """A user whom a message mentions by name."""

    user_id: UserId
    username: str


@frozen
class Thread:
    """The replies to the message `root_id`, and the replies to those. `count`: how many there are;
    `last`: the last one; None: there are none.
    """

    root_id: MessageId
    count: int
    last: "Reply | None"


@frozen
class Reply:
    """What a thread shows of its last reply."""

    id: MessageId
    author_id: UserId
    created_at: datetime


@frozen
class Message:
    """One row of the log.

    `seq` is dense within its channel (1, 2, 3 ...): seq order = commit order = delivery order.
    `recipient_id` is set exactly for messages of a dm channel. `key` is the client's idempotency
    key; `(author_id, key)` is unique; revisions have keys of their own. `read_by`: the other users
    whose read watermark reaches `seq`; `is_delivered`: the delivered watermark of one of them does.
    `parent_id`: the message that it replies to, which may be a reply too; `thread`: the thread that
    a reply is in, None if its root is gone; `replies`: the thread whose root it is, if it is one.
    `rev`: of its last revision (protocol/revisions.py); 0: it never had one. A deleted message has
    no content. `is_forwarded`: it is a copy; the original is named only to users who may see the
    original. `mentions`: the users that it mentions by name; `mentions_channel`: whether it
    mentions everybody in the channel.
    """

    id: MessageId
    channel_id: ChannelId
    seq: int
    author_id: UserId
    content: str
    created_at: datetime
    recipient_id: UserId | None = None
    kind: MessageKind = MessageKind.TEXT
    file_url: str | None = None
    key: str | None = field(default=None, repr=False)
    read_by: tuple[UserId, ...] = ()
    is_homework: bool = False
    grading: GradingStatus | None = None
    is_pinned: bool = False
    parent_id: MessageId | None = None
    is_delivered: bool = False
    rev: int = 0
    edited_at: datetime | None = None
    is_deleted: bool = False
    is_forwarded: bool = False
    reactions: tuple[Reaction, ...] = ()
    mentions: tuple[Mention, ...] = ()
    mentions_channel: bool = False
    thread: Thread | None = None
    replies: Thread | None = None

    @property
    def position(self) -> Position:
        """Its channel and `seq`."""
        return Position(self.channel_id, self.seq)

    @property
    def is_read(self) -> bool:
        """Whether the recipient of a private message has read it."""
        return self.recipient_id in self.read_by

    @property
    def status(self) -> DeliveryStatus:
        """Sent, delivered or read."""
        if self.read_by:
            return DeliveryStatus.READ
        return DeliveryStatus.DELIVERED if self.is_delivered else DeliveryStatus.SENT


@frozen
class Channel:
    """A sequence of numbered messages: in a workspace, or between two users.

    `pair` is set exactly for a dm, lower id first; `workspace_id` for every other kind.
    """

    id: ChannelId
    kind: ChannelKind
    name: str
    created_at: datetime
    workspace_id: WorkspaceId | None = None
    pair: tuple[UserId, UserId] | None = None
    class_name: str | None = None
    subject: str | None = None
    pinned: tuple[MessageId, ...] = ()

    def peer_of(self, user_id: UserId) -> UserId | None:
        """The other side of a dm; None for every other kind and for outsiders."""
        if self.pair is None or user_id not in self.pair:
            return None
        low, high = self.pair
        return high if user_id == low else low


@frozen
class Workspace:
    """Users who share channels. `members` in the order they joined."""

    id: WorkspaceId
    name: str
    description: str | None
    owner_id: UserId
    members: tuple[UserId, ...]
    created_at: datetime


@frozen
class Posted:
    """The draft is durable as `message`. `repeated`: it already was, nothing was stored now.

    `workspace_id`: the workspace of its channel; None for a dm. `followers`: of a reply, the other
    users who follow its thread and may see it, at most 1,000. `mentioned`: the users that get an
    event because it mentions them.
    """

    message: Message
    repeated: bool = False
    workspace_id: WorkspaceId | None = None
    mentioned: tuple[UserId, ...] = ()
    followers: tuple[UserId, ...] = ()


def with_authors(
    messages: Iterable[Message], people: Mapping[UserId, User]
) -> Iterator[tuple[Message, User]]:
    """Each message with its author. Messages whose author is not in `people` are left out: the
    account and its messages were deleted after the messages were read.
    """
    for message in messages:
        author = people.get(message.author_id)
        if author is not None:
            yield message, author


def recipient_of(message: Message) -> UserId:
    """The recipient of a private message.

    Raises:
        ValueError: it is not one.
    """
    if message.recipient_id is None:
        raise ValueError("not a private message")
    return message.recipient_id

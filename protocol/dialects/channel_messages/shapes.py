"""How Socket.IO's clients see messages, channels and users. See docs/dialects/channel_messages.md.

Guarantees: a message looks the same live and in history. Must not know: for whom it is shown.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Literal, NotRequired, TypedDict

from protocol.model import Channel, DeliveryStatus, GradingStatus, Message, User
from protocol.shapes.mentions import MentionObject, add_mentions
from protocol.shapes.revisions import ReactionObject, Rev, reaction_objects
from protocol.shapes.threads import ReplyObject, ThreadObject, add_threads, thread_object
from protocol.shapes.timestamps import Timestamp, timestamp
from protocol.shapes.uuids import ChannelUuid, IdKind, MessageUuid, UserUuid, to_uuid

MAX_CONTENT_CHARS: Final = 2_000  # of a message
message_uuid: Final = partial(to_uuid, IdKind.MESSAGE)
user_uuid: Final = partial(to_uuid, IdKind.USER)
COUNTS: Final = "_count"  # of a channel


class AuthorObject(TypedDict):
    """Who wrote a message."""

    id: UserUuid
    name: str
    username: str
    avatar: str | None


class ChannelMessageObject(TypedDict):
    """A message of a channel."""

    id: MessageUuid
    content: str
    channelId: ChannelUuid
    userId: UserUuid
    createdAt: Timestamp
    updatedAt: Timestamp
    deliveryStatus: DeliveryStatus
    user: AuthorObject
    userName: str
    seq: int
    parentId: NotRequired[MessageUuid]
    replyCount: NotRequired[int]
    lastReply: NotRequired[ReplyObject[MessageUuid, UserUuid]]
    threadId: NotRequired[MessageUuid]
    thread: NotRequired[ThreadObject[MessageUuid, UserUuid]]
    tempId: NotRequired[str]
    isForwarded: NotRequired[Literal[True]]
    renderedContent: NotRequired[str]
    rev: NotRequired[Rev]
    editedAt: NotRequired[Timestamp]
    isDeleted: NotRequired[Literal[True]]
    isPinned: NotRequired[Literal[True]]
    isHomework: NotRequired[Literal[True]]
    gradingStatus: NotRequired[GradingStatus]
    reactions: NotRequired[list[ReactionObject[UserUuid]]]
    mentions: NotRequired[list[MentionObject[UserUuid]]]
    mentionsChannel: NotRequired[Literal[True]]


class SentObject(TypedDict):
    """The confirmation to its author that a message was stored. `thread`: that of a reply."""

    messageId: MessageUuid
    channelId: ChannelUuid
    status: DeliveryStatus
    seq: int
    tempId: NotRequired[str]
    thread: NotRequired[ThreadObject[MessageUuid, UserUuid]]


class UserObject(TypedDict):
    """A user as others may see them."""

    id: UserUuid
    name: str
    username: str
    imageUrl: str | None


class OwnUserObject(UserObject):
    """A user as they see themself."""

    email: str | None
    createdAt: Timestamp


class MemberObject(TypedDict):
    """A user in a channel."""

    userId: UserUuid
    role: Literal["MEMBER"]
    user: UserObject


class CountsObject(TypedDict):
    """How many members and messages a channel has."""

    members: int
    messages: int


class ChannelObject(TypedDict):
    """A channel that the caller is in. `lastSeq`: of its newest message, `lastRev`: of the last
    revision of a message, or 0.
    """

    id: ChannelUuid
    name: str
    type: Literal["PUBLIC", "DM"]
    createdAt: Timestamp
    updatedAt: Timestamp
    isJoined: Literal[True]
    _count: CountsObject
    members: list[MemberObject]
    lastSeq: int
    lastRev: int
    description: NotRequired[str]


def channel_message_object(
    message: Message, author: User, render: Callable[[str], str] | None = None
) -> ChannelMessageObject:
    """A message; see docs/dialects/channel_messages.md#message-object.

    `render`: makes the HTML of `renderedContent`; None: there is none.
    """
    view: ChannelMessageObject = {
        "id": to_uuid(IdKind.MESSAGE, message.id),
        "content": message.content,
        "channelId": to_uuid(IdKind.CHANNEL, message.channel_id),
        "userId": to_uuid(IdKind.USER, message.author_id),
        "createdAt": timestamp(message.created_at),
        "updatedAt": timestamp(message.edited_at or message.created_at),
        "deliveryStatus": message.status,
        "user": {
            "id": to_uuid(IdKind.USER, author.id),
            "name": author.name,
            "username": author.username,
            "avatar": author.avatar,
        },
        "userName": author.name,
        "seq": message.seq,
    }
    if message.parent_id is not None:
        view["parentId"] = to_uuid(IdKind.MESSAGE, message.parent_id)
    if message.key is not None:
        view["tempId"] = message.key
    if message.is_forwarded:
        view["isForwarded"] = True
    if render is not None:
        view["renderedContent"] = render(message.content)
    add_mentions(view, message, user_uuid)
    if message.is_pinned:
        view["isPinned"] = True
    if message.is_homework:
        view["isHomework"] = True
    if message.grading is not None:
        view["gradingStatus"] = message.grading
    if message.rev:
        _add_revision(view, message)
    add_threads(view, message, message_uuid, user_uuid)
    return view


def _add_revision(view: ChannelMessageObject, message: Message) -> None:
    """Add the fields of a message that was changed."""
    view["rev"] = message.rev
    view["reactions"] = reaction_objects(message.reactions, user_uuid)
    if message.edited_at is not None:
        view["editedAt"] = timestamp(message.edited_at)
    if message.is_deleted:
        view["isDeleted"] = True


def sent_object(message: Message) -> SentObject:
    """The confirmation to its author that a message was stored."""
    view: SentObject = {
        "messageId": to_uuid(IdKind.MESSAGE, message.id),
        "channelId": to_uuid(IdKind.CHANNEL, message.channel_id),
        "status": DeliveryStatus.SENT,
        "seq": message.seq,
    }
    if message.key is not None:
        view["tempId"] = message.key
    if message.thread is not None:
        view["thread"] = thread_object(message.thread, message_uuid, user_uuid)
    return view


def channel_object(
    channel: Channel,
    name: str,
    users: Sequence[User],
    *,
    members: int,
    last_seq: int,
    last_rev: int,
) -> ChannelObject:
    """A channel that the caller is in; see docs/dialects/channel_messages.md#channel-object.

    Args:
        channel: of a workspace, or a dm.
        name: as the caller sees it.
        users: those of its members that are shown.
        members: how many it has.
        last_seq: of its newest message, which is how many were stored in it.
        last_rev: of the last revision of a message.
    """
    view: ChannelObject = {
        "id": to_uuid(IdKind.CHANNEL, channel.id),
        "name": name,
        "type": "PUBLIC" if channel.pair is None else "DM",
        "createdAt": timestamp(channel.created_at),
        "updatedAt": timestamp(channel.created_at),
        "isJoined": True,
        COUNTS: {"members": members, "messages": last_seq},
        "members": [
            {"userId": to_uuid(IdKind.USER, user.id), "role": "MEMBER", "user": user_object(user)}
            for user in users
        ],
        "lastSeq": last_seq,
        "lastRev": last_rev,
    }
    if channel.subject is not None:
        view["description"] = channel.subject
    return view


def user_object(user: User) -> UserObject:
    """A user as others may see them; see docs/dialects/channel_messages.md#rest."""
    return {
        "id": to_uuid(IdKind.USER, user.id),
        "name": user.name,
        "username": user.username,
        "imageUrl": user.avatar,
    }

"""How `/ws` and its REST show messages and users. See docs/dialects/private_messages.md.

Guarantees: a message looks the same live and in history; what is shown of a user to others holds
neither email nor birthday. Must not know: for whom it is shown.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NotRequired, TypedDict

from protocol.model import (
    Message,
    MessageId,
    MessageKind,
    Reply,
    Thread,
    User,
    UserId,
    recipient_of,
)
from protocol.parsing.content import KindName
from protocol.shapes.revisions import Rev
from protocol.shapes.timestamps import Timestamp, timestamp


class DoneObject(TypedDict):
    """The call was carried out; there is nothing to show."""

    status: Literal["success"]


DONE: Final[DoneObject] = {"status": "success"}


class ReactionObject(TypedDict):
    """A reaction of `count` users; `user_ids`: the first of them."""

    emoji: str
    count: int
    user_ids: list[UserId]


class MentionObject(TypedDict):
    """A user whom a message mentions."""

    user_id: UserId
    username: str


class ReplyObject(TypedDict):
    """The last reply to a message."""

    id: MessageId
    sender_id: UserId
    created_at: Timestamp


class ThreadObject(TypedDict):
    """The replies to the message `parent_id`, the first of the thread. `last_reply`: the last one,
    if there is any.
    """

    parent_id: MessageId
    reply_count: int
    last_reply: NotRequired[ReplyObject]


class PrivateMessageObject(TypedDict):
    """A private message."""

    id: MessageId
    content: str
    sender_id: UserId
    receiver_id: UserId
    recipient_id: UserId
    created_at: Timestamp
    is_read: bool
    seq: int
    client_id: NotRequired[str]
    message_type: NotRequired[KindName]
    file_url: NotRequired[str]
    parent_id: NotRequired[MessageId]
    is_forwarded: NotRequired[Literal[True]]
    is_delivered: NotRequired[bool]
    rev: NotRequired[Rev]
    edited_at: NotRequired[Timestamp]
    is_deleted: NotRequired[Literal[True]]
    reactions: NotRequired[list[ReactionObject]]
    mentions: NotRequired[list[MentionObject]]
    reply_count: NotRequired[int]
    last_reply: NotRequired[ReplyObject]
    thread_id: NotRequired[MessageId]
    thread: NotRequired[ThreadObject]


class UserObject(TypedDict):
    """A user as every other user may see them."""

    id: UserId
    username: str
    name: str
    first_name: str
    last_name: str
    created_at: Timestamp
    updated_at: Timestamp
    is_public: bool
    avatar: NotRequired[str]
    nickname: NotRequired[str]
    about_me: NotRequired[str]


class OwnUserObject(UserObject):
    """A user as they see themself."""

    email: str | None
    date_of_birth: str | None


class ShownMessageObject(PrivateMessageObject):
    """A private message over REST, with its two people."""

    sender: UserObject
    receiver: UserObject


def private_message_object(message: Message, recipient_id: UserId) -> PrivateMessageObject:
    """A private message; see docs/dialects/private_messages.md#message-object.

    Older clients read either `receiver_id` or `recipient_id`, so both are sent. Fields that few
    messages have are left out of the others.
    """
    view: PrivateMessageObject = {
        "id": message.id,
        "content": message.content,
        "sender_id": message.author_id,
        "receiver_id": recipient_id,
        "recipient_id": recipient_id,
        "created_at": timestamp(message.created_at),
        "is_read": message.is_read,
        "seq": message.seq,
    }
    if message.key is not None:
        view["client_id"] = message.key
    if message.kind.plain is not MessageKind.TEXT:
        view["message_type"] = message.kind.plain
    if message.file_url is not None:
        view["file_url"] = message.file_url
    if message.parent_id is not None:
        view["parent_id"] = message.parent_id
    if message.is_forwarded:
        view["is_forwarded"] = True
    if message.is_delivered:
        view["is_delivered"] = True
    if message.mentions:
        view["mentions"] = [
            {"user_id": each.user_id, "username": each.username} for each in message.mentions
        ]
    if message.rev:
        _add_revision(view, message)
    _add_replies(view, message)
    return view


def _add_replies(view: PrivateMessageObject, message: Message) -> None:
    if message.replies is not None:
        view["reply_count"] = message.replies.count
        if message.replies.last is not None:
            view["last_reply"] = _reply_object(message.replies.last)
    if message.thread is not None:
        view["thread_id"] = message.thread.root_id
        view["thread"] = _thread_object(message.thread)


def _thread_object(thread: Thread) -> ThreadObject:
    view: ThreadObject = {"parent_id": thread.root_id, "reply_count": thread.count}
    if thread.last is not None:
        view["last_reply"] = _reply_object(thread.last)
    return view


def _reply_object(reply: Reply) -> ReplyObject:
    return {
        "id": reply.id,
        "sender_id": reply.author_id,
        "created_at": timestamp(reply.created_at),
    }


def _add_revision(view: PrivateMessageObject, message: Message) -> None:
    """Add the fields of a message that was changed."""
    view["rev"] = message.rev
    view["reactions"] = [
        {"emoji": each.emoji, "count": each.count, "user_ids": list(each.user_ids)}
        for each in message.reactions
    ]
    if message.edited_at is not None:
        view["edited_at"] = timestamp(message.edited_at)
    if message.is_deleted:
        view["is_deleted"] = True


def user_object(user: User) -> UserObject:
    """A user as every other user may see them."""
    view: UserObject = {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
        "is_public": user.is_public,
    }
    if user.avatar is not None:
        view["avatar"] = user.avatar
    if user.nickname is not None:
        view["nickname"] = user.nickname
    if user.about_me is not None:
        view["about_me"] = user.about_me
    return view


def own_user_object(user: User) -> OwnUserObject:
    """A user as they see themself."""
    birthday = None if user.date_of_birth is None else user.date_of_birth.isoformat()
    return {**user_object(user), "email": user.email, "date_of_birth": birthday}


def message_objects(
    messages: Iterable[Message], people: Mapping[UserId, User]
) -> list[ShownMessageObject]:
    """Private messages over REST, each with its `sender` and `receiver`."""
    views = {user_id: user_object(user) for user_id, user in people.items()}
    shown: list[ShownMessageObject] = []
    for message in messages:
        recipient_id = recipient_of(message)
        view: ShownMessageObject = {
            **private_message_object(message, recipient_id),
            "sender": views[message.author_id],
            "receiver": views[recipient_id],
        }
        shown.append(view)
    return shown

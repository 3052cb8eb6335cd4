"""The replies to a message, which have the same fields in every dialect but `/ws`.

Guarantees: the fields are a state, so that the last of several is enough. A message that has no
replies and is no reply has none of the fields. Must not know: how a dialect names messages and
users.
"""

from collections.abc import Callable
from typing import Any, Generic, NotRequired, TypedDict, TypeVar

from protocol.model import Message, Reply, Thread
from protocol.shapes.timestamps import Timestamp, timestamp

M = TypeVar("M")
U = TypeVar("U")


class ReplyObject(TypedDict, Generic[M, U]):
    """The last reply to a message."""

    id: M
    userId: U
    createdAt: Timestamp


class ThreadObject(TypedDict, Generic[M, U]):
    """The replies to the message `parentId`, the first of the thread. `lastReply`: the last one, if
    there is any.
    """

    parentId: M
    replyCount: int
    lastReply: NotRequired[ReplyObject[M, U]]


class ThreadFields(TypedDict, Generic[M, U]):
    """Fields of messages that have replies, or are replies. `threadId`: the root of the thread that
    a reply is in.
    """

    replyCount: NotRequired[int]
    lastReply: NotRequired[ReplyObject[M, U]]
    threadId: NotRequired[M]
    thread: NotRequired[ThreadObject[M, U]]


def add_threads(
    view: ThreadFields[M, U],
    message: Message,
    message_of: Callable[[Any], M],
    user_of: Callable[[Any], U],
) -> None:
    """Add the threads of a message, with the dialect's ids of messages and users."""
    if message.replies is not None:
        view["replyCount"] = message.replies.count
        if message.replies.last is not None:
            view["lastReply"] = _reply_object(message.replies.last, message_of, user_of)
    if message.thread is not None:
        view["threadId"] = message_of(message.thread.root_id)
        view["thread"] = thread_object(message.thread, message_of, user_of)


def thread_object(
    thread: Thread, message_of: Callable[[Any], M], user_of: Callable[[Any], U]
) -> ThreadObject[M, U]:
    """A thread; see `add_threads`."""
    view: ThreadObject[M, U] = {
        "parentId": message_of(thread.root_id),
        "replyCount": thread.count,
    }
    if thread.last is not None:
        view["lastReply"] = _reply_object(thread.last, message_of, user_of)
    return view


def _reply_object(
    reply: Reply, message_of: Callable[[Any], M], user_of: Callable[[Any], U]
) -> ReplyObject[M, U]:
    return {
        "id": message_of(reply.id),
        "userId": user_of(reply.author_id),
        "createdAt": timestamp(reply.created_at),
    }

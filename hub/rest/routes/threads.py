"""Calls about the replies to a message, which every dialect has below the path of a message.

Guarantees: a caller who may not see the message learns nothing of it; a GET marks nothing read.
Must not know: how a dialect spells messages and ids.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypedDict, TypeVar

from attrs import field, frozen

from hub.rest import pages
from hub.rest.endpoint import JSON, Call, Endpoint, Handle, HttpError
from hub.rest.parameters import UP_TO_SEQ, Cursor, Number, Text
from persistence.contents.threads import FollowedThread, ThreadPage
from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID, Message, MessageId

V = TypeVar("V", bound=Mapping[str, Any])
T = TypeVar("T")

MAX_REPLIES: Final = 500

LIMIT: Final = Number(
    "limit", "the maximum number of replies", MAX_REPLIES, 1, MAX_REPLIES, larger=MAX_REPLIES
)
ORDER: Final = Text(
    "order", "the order of the replies; by default `oldest`", {"enum": ["oldest", "newest"]}
)
CURSOR: Final = Cursor((int,))
_IS_NEWEST: Final[Mapping[str, bool]] = {"oldest": False, "newest": True}


class RepliesObject(TypedDict, Generic[V]):
    """The replies of a page."""

    replies: list[V]


class FollowedObject(TypedDict, Generic[V]):
    """A thread that the caller follows. `unreadCount`: replies of others above `readSeq`."""

    message: V
    unreadCount: int
    readSeq: int


class ThreadsObject(TypedDict, Generic[T]):
    """The threads that the caller follows."""

    threads: list[T]


class FollowingObject(TypedDict):
    """Whether the caller follows the thread now."""

    following: bool


class MarkedObject(TypedDict):
    """The mark was moved, or was there already."""

    marked: bool


@frozen
class ThreadPlace(Generic[V]):
    """Which threads a dialect shows, and how.

    Args:
        message_id: the message in the path; None: it is malformed.
        views: makes the objects of messages; it may leave some out.
        spelled: makes the `id` of a message in such an object.
        only_private: threads of private conversations alone.
    """

    message_id: Callable[[Call], MessageId | None]
    views: Callable[[Call, Sequence[Message]], Awaitable[Sequence[V]]]
    spelled: Callable[[MessageId], object] = MessageId
    only_private: bool = field(default=False, kw_only=True)

    def named(self, call: Call) -> MessageId:
        """The message in the path.

        Raises:
            HttpError: 404 when its id is malformed.
        """
        found = self.message_id(call)
        if found is None:
            raise _missing()
        return found


def numbered(call: Call) -> MessageId | None:
    """The message in the path, where ids are numbers."""
    number = call.path_id("message_id")
    return None if number is None else MessageId(number)


def _missing() -> HttpError:
    return HttpError(404, ErrorCode.MESSAGE_NOT_FOUND, "Message not found")


async def replies_page(call: Call, place: ThreadPlace[V]) -> JSON[RepliesObject[V]]:
    """The page of replies to the message in the path that a request asks for.

    Raises:
        HttpError: 404; there is no such message that the caller may see.
        WireError: a parameter is malformed.
    """
    newest = _IS_NEWEST.get(call.text(ORDER) or "oldest")
    if newest is None:
        text = "order must be oldest or newest"
        raise WireError(ErrorCode.INVALID_FIELD, text, field=ORDER.name)
    limit, begin = call.number(LIMIT), call.cursor(CURSOR)
    after, before = 0, MAX_ID
    match begin:
        case (int() as seq,):
            after, before = (0, seq) if newest else (seq, MAX_ID)
        case _:
            pass
    found = await call.services.store.threads.replies(
        call.me,
        place.named(call),
        ThreadPage(limit, after, before, newest=newest),
        only_private=place.only_private,
    )
    if found is None:
        raise _missing()
    more = CURSOR.text(found[-1].seq) if len(found) == limit else None
    views = [*await place.views(call, found)]
    return JSON({"replies": views}, headers=call.next_page(CURSOR, more))


def followed_object(view: V, thread: FollowedThread) -> FollowedObject[V]:
    """A thread as most dialects show it."""
    return {"message": view, "unreadCount": thread.unread_count, "readSeq": thread.read_seq}


async def followed_page(
    call: Call, place: ThreadPlace[V], shape: Callable[[V, FollowedThread], T]
) -> JSON[ThreadsObject[T]]:
    """The page of threads that the caller follows that a request asks for, the newest first.

    Args:
        call: the request.
        place: which threads.
        shape: makes the object of a thread, from that of its first message.

    Raises:
        WireError: a parameter is malformed.
    """
    found = await call.services.store.threads.followed(
        call.me,
        before=pages.begin_of_page(call, MAX_ID),
        limit=call.number(pages.LIMIT),
        only_private=place.only_private,
    )
    shown = {view["id"]: view for view in await place.views(call, [each.message for each in found])}
    threads = [
        shape(view, each)
        for each in found
        if (view := shown.get(place.spelled(each.message.id))) is not None
    ]
    more = pages.next_page(call, found, lambda each: each.place)
    return JSON({"threads": threads}, headers=more)


_ANSWERS: Final = {404: [ErrorCode.MESSAGE_NOT_FOUND]}


def thread_endpoints(
    place: ThreadPlace[Any], replies: Handle, followed: Handle, prefix: str = "/api"
) -> tuple[Endpoint, ...]:
    """The calls of one dialect.

    Args:
        place: which threads it shows.
        replies: its `replies_page`.
        followed: its `followed_page`.
        prefix: of its paths.
    """

    async def follow(call: Call) -> JSON[FollowingObject]:
        """Follow the thread of a message."""
        threads = call.services.store.threads
        if not await threads.follow(call.me, place.named(call), only_private=place.only_private):
            raise _missing()
        return JSON({"following": True})

    async def unfollow(call: Call) -> JSON[FollowingObject]:
        """Cease to follow the thread of a message."""
        threads = call.services.store.threads
        if not await threads.unfollow(call.me, place.named(call), only_private=place.only_private):
            raise _missing()
        return JSON({"following": False})

    async def mark_read(call: Call) -> JSON[MarkedObject]:
        """Move the caller's mark in a thread that they follow."""
        up_to, message_id = call.number(UP_TO_SEQ), place.named(call)
        if not await call.services.store.threads.mark_read(
            call.me, message_id, up_to=up_to, only_private=place.only_private
        ):
            raise _missing()
        return JSON({"marked": True})

    thread = f"{prefix}/messages/{{message_id}}"
    return (
        Endpoint(
            "GET",
            f"{thread}/replies",
            "List the replies to a message",
            replies,
            {200: "replies", 400: [ErrorCode.INVALID_FIELD], **_ANSWERS},
            parameters=(LIMIT, ORDER, CURSOR),
        ),
        Endpoint(
            "POST",
            f"{thread}/replies/read",
            "Mark the replies of a followed thread read",
            mark_read,
            {200: "done", 400: [ErrorCode.INVALID_FIELD], **_ANSWERS},
            parameters=(UP_TO_SEQ,),
        ),
        Endpoint(
            "PUT",
            f"{thread}/follow",
            "Follow the thread of a message",
            follow,
            {200: "the caller follows the thread", **_ANSWERS},
        ),
        Endpoint(
            "DELETE",
            f"{thread}/follow",
            "Stop following the thread of a message",
            unfollow,
            {200: "the caller does not follow the thread", **_ANSWERS},
        ),
        Endpoint(
            "GET",
            f"{prefix}/threads",
            "List the threads that the caller follows, newest first, with unread counts",
            followed,
            {200: "threads", 400: [ErrorCode.INVALID_FIELD]},
            parameters=pages.PAGED,
        ),
    )

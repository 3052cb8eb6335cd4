"""Calls about the replies to a message, which every dialect has below the path of a message.

Guarantees: who may not see the message learns nothing of it; a GET marks nothing read.
Must not know: how a dialect spells messages and ids.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypedDict

from attrs import field, frozen

from hub.rest import pages
from hub.rest.endpoint import JSON, Call, Endpoint, Handle, HttpError
from hub.rest.parameters import Cursor, Number, Text
from persistence.contents.threads import FollowedThread, ThreadPage
from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID, Message, MessageId

MAX_REPLIES: Final = 500

LIMIT: Final = Number(
    "limit", "how many replies at most", MAX_REPLIES, 1, MAX_REPLIES, larger=MAX_REPLIES
)
ORDER: Final = Text("order", "which comes first", {"enum": ["oldest", "newest"]})
CURSOR: Final = Cursor((int,))
UP_TO_SEQ: Final = Number("up_to_seq", "what is after this seq stays unread", MAX_ID, 1)
_IS_NEWEST: Final[Mapping[str, bool]] = {"oldest": False, "newest": True}


class FollowingObject(TypedDict):
    """Whether the caller follows the thread then."""

    following: bool


class MarkedObject(TypedDict):
    """The mark was moved, or was there already."""

    marked: bool


@frozen
class ThreadPlace:
    """Which threads a dialect shows.

    Args:
        message_id: the message in the path; None: it is malformed.
        only_private: those of private conversations alone.
    """

    message_id: Callable[[Call], MessageId | None]
    only_private: bool = field(default=False, kw_only=True)

    def named(self, call: Call) -> MessageId:
        """The message in the path.

        Raises:
            HttpError: it is malformed, and there is none.
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


async def replies_of(call: Call, place: ThreadPlace) -> tuple[Sequence[Message], Mapping[str, str]]:
    """The page of replies that a request asks for, and the header that leads to the next one.

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
    return found, call.next_page(CURSOR, more)


async def followed_by(
    call: Call, place: ThreadPlace
) -> tuple[Sequence[FollowedThread], Mapping[str, str]]:
    """The page of followed threads that a request asks for, and the header that leads to the next.

    Raises:
        WireError: a parameter is malformed.
    """
    found = await call.services.store.threads.followed(
        call.me,
        before=pages.begin_of_page(call, MAX_ID),
        limit=call.number(pages.LIMIT),
        only_private=place.only_private,
    )
    return found, pages.next_page(call, found, lambda each: each.place)


_ANSWERS: Final = {404: [ErrorCode.MESSAGE_NOT_FOUND]}


def thread_endpoints(
    place: ThreadPlace, replies: Handle, followed: Handle, prefix: str = "/api"
) -> tuple[Endpoint, ...]:
    """The calls of one dialect.

    Args:
        place: which threads it shows.
        replies: shows what `replies_of` finds.
        followed: shows what `followed_by` finds.
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
            "The replies to a message",
            replies,
            {200: "replies", 400: [ErrorCode.INVALID_FIELD], **_ANSWERS},
            parameters=(LIMIT, ORDER, CURSOR),
        ),
        Endpoint(
            "POST",
            f"{thread}/replies/read",
            "Mark the replies of a thread that I follow read",
            mark_read,
            {200: "done", 400: [ErrorCode.INVALID_FIELD], **_ANSWERS},
            parameters=(UP_TO_SEQ,),
        ),
        Endpoint(
            "PUT",
            f"{thread}/follow",
            "Follow the thread of a message",
            follow,
            {200: "that I follow it", **_ANSWERS},
        ),
        Endpoint(
            "DELETE",
            f"{thread}/follow",
            "Cease to follow the thread of a message",
            unfollow,
            {200: "that I do not follow it", **_ANSWERS},
        ),
        Endpoint(
            "GET",
            f"{prefix}/threads",
            "The threads that I follow, the newest first, with what is unread",
            followed,
            {200: "threads", 400: [ErrorCode.INVALID_FIELD]},
            parameters=pages.PAGED,
        ),
    )

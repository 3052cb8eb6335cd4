"""Threads over REST, as the learning platform spells them. See docs/dialects/learning_chat.md#rest.

Guarantees: see `hub.rest.routes.threads`.
"""

from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call
from hub.rest.routes.learning_chat.messages import views
from hub.rest.routes.threads import (
    ThreadPlace,
    followed_by,
    numbered,
    replies_of,
    thread_endpoints,
)
from protocol.dialects.learning_chat.rest import REST
from protocol.shapes.learning_platform import ChatMessageObject


class RepliesObject(TypedDict):
    """The replies of a page."""

    replies: list[ChatMessageObject]


class ThreadObject(TypedDict):
    """A thread that the caller follows. `unreadCount`: replies of others above `readSeq`."""

    message: ChatMessageObject
    unreadCount: int
    readSeq: int


class ThreadsObject(TypedDict):
    """The threads that the caller follows."""

    threads: list[ThreadObject]


_PLACE: Final = ThreadPlace(numbered)


async def replies(call: Call) -> JSON[RepliesObject]:
    """A page of the replies to the message in the path."""
    found, more = await replies_of(call, _PLACE)
    return JSON({"replies": await views(call, found)}, headers=more)


async def followed(call: Call) -> JSON[ThreadsObject]:
    """The threads that the caller follows, the newest first."""
    found, more = await followed_by(call, _PLACE)
    shown = {view["id"]: view for view in await views(call, [each.message for each in found])}
    threads: list[ThreadObject] = [
        {"message": view, "unreadCount": each.unread_count, "readSeq": each.read_seq}
        for each in found
        if (view := shown.get(each.message.id)) is not None
    ]
    return JSON({"threads": threads}, headers=more)


SURFACE: Final = REST
ENDPOINTS: Final = thread_endpoints(_PLACE, replies, followed)

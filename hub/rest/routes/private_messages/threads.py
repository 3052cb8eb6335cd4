"""Threads over REST, as `/ws` spells them. See docs/dialects/private_messages.md#rest.

Guarantees: see `hub.rest.routes.threads`.
"""

from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call
from hub.rest.routes.private_messages.messages import views
from hub.rest.routes.threads import (
    ThreadPlace,
    followed_by,
    numbered,
    replies_of,
    thread_endpoints,
)
from protocol.dialects.private_messages.rest import REST
from protocol.dialects.private_messages.shapes import ShownMessageObject


class RepliesObject(TypedDict):
    """The replies of a page."""

    replies: list[ShownMessageObject]


class ThreadObject(TypedDict):
    """A thread that the caller follows. `unread_count`: replies of others above `read_seq`."""

    message: ShownMessageObject
    unread_count: int
    read_seq: int


class ThreadsObject(TypedDict):
    """The threads that the caller follows."""

    threads: list[ThreadObject]


_PLACE: Final = ThreadPlace(numbered, only_private=True)


async def replies(call: Call) -> JSON[RepliesObject]:
    """A page of the replies to the message in the path."""
    found, more = await replies_of(call, _PLACE)
    return JSON({"replies": await views(call, found)}, headers=more)


async def followed(call: Call) -> JSON[ThreadsObject]:
    """The threads that the caller follows, the newest first."""
    found, more = await followed_by(call, _PLACE)
    shown = {view["id"]: view for view in await views(call, [each.message for each in found])}
    threads: list[ThreadObject] = [
        {"message": view, "unread_count": each.unread_count, "read_seq": each.read_seq}
        for each in found
        if (view := shown.get(each.message.id)) is not None
    ]
    return JSON({"threads": threads}, headers=more)


SURFACE: Final = REST
ENDPOINTS: Final = thread_endpoints(_PLACE, replies, followed)

"""Threads over REST, as `/ws` spells them. See docs/dialects/private_messages.md#rest.

Guarantees: see `hub.rest.routes.threads`.
"""

from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call
from hub.rest.routes.private_messages.messages import views
from hub.rest.routes.threads import (
    RepliesObject,
    ThreadPlace,
    ThreadsObject,
    followed_page,
    numbered,
    replies_page,
    thread_endpoints,
)
from persistence.contents.threads import FollowedThread
from protocol.dialects.private_messages.rest import REST
from protocol.dialects.private_messages.shapes import ShownMessageObject


class ThreadObject(TypedDict):
    """A thread that the caller follows. `unread_count`: replies of others above `read_seq`."""

    message: ShownMessageObject
    unread_count: int
    read_seq: int


def _thread_object(view: ShownMessageObject, thread: FollowedThread) -> ThreadObject:
    return {"message": view, "unread_count": thread.unread_count, "read_seq": thread.read_seq}


_PLACE: Final = ThreadPlace(numbered, views, only_private=True)


async def replies(call: Call) -> JSON[RepliesObject[ShownMessageObject]]:
    """A page of the replies to the message in the path."""
    return await replies_page(call, _PLACE)


async def followed(call: Call) -> JSON[ThreadsObject[ThreadObject]]:
    """The threads that the caller follows, the newest first."""
    return await followed_page(call, _PLACE, _thread_object)


SURFACE: Final = REST
ENDPOINTS: Final = thread_endpoints(_PLACE, replies, followed)

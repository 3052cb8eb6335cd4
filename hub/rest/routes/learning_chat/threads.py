"""Threads over REST, as the learning platform spells them. See docs/dialects/learning_chat.md#rest.

Guarantees: see `hub.rest.routes.threads`.
"""

from typing import Final

from hub.rest.endpoint import JSON, Call
from hub.rest.routes.learning_chat.messages import views
from hub.rest.routes.threads import (
    FollowedObject,
    RepliesObject,
    ThreadPlace,
    ThreadsObject,
    followed_object,
    followed_page,
    numbered,
    replies_page,
    thread_endpoints,
)
from protocol.dialects.learning_chat.rest import REST
from protocol.shapes.learning_platform import ChatMessageObject

_PLACE: Final = ThreadPlace(numbered, views)


async def replies(call: Call) -> JSON[RepliesObject[ChatMessageObject]]:
    """A page of the replies to the message in the path."""
    return await replies_page(call, _PLACE)


async def followed(call: Call) -> JSON[ThreadsObject[FollowedObject[ChatMessageObject]]]:
    """The threads that the caller follows, the newest first."""
    return await followed_page(call, _PLACE, followed_object)


SURFACE: Final = REST
ENDPOINTS: Final = thread_endpoints(_PLACE, replies, followed)

"""Threads over REST, as Socket.IO's clients see them. See docs/dialects/channel_messages.md#rest.

Guarantees: see `hub.rest.routes.threads`.
"""

from typing import Final

from hub.rest.endpoint import JSON, Call
from hub.rest.routes.channel_messages.messages import message_id_in_path, views
from hub.rest.routes.threads import (
    FollowedObject,
    RepliesObject,
    ThreadPlace,
    ThreadsObject,
    followed_object,
    followed_page,
    replies_page,
    thread_endpoints,
)
from protocol.dialects.channel_messages.rest import REST
from protocol.dialects.channel_messages.shapes import ChannelMessageObject, message_uuid

_PLACE: Final = ThreadPlace(message_id_in_path, views, message_uuid)


async def replies(call: Call) -> JSON[RepliesObject[ChannelMessageObject]]:
    """A page of the replies to the message in the path."""
    return await replies_page(call, _PLACE)


async def followed(call: Call) -> JSON[ThreadsObject[FollowedObject[ChannelMessageObject]]]:
    """The threads that the caller follows, the newest first."""
    return await followed_page(call, _PLACE, followed_object)


SURFACE: Final = REST
ENDPOINTS: Final = thread_endpoints(_PLACE, replies, followed)

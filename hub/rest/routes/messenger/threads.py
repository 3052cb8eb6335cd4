"""Threads over REST, as the messenger spells them. See docs/dialects/messenger.md#rest.

Guarantees: see `hub.rest.routes.threads`.
"""

from collections.abc import Sequence
from typing import Final

from hub.rest.endpoint import JSON, Call
from hub.rest.routes.messenger.access import PREFIXES
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
from protocol.dialects.messenger.rest import REST
from protocol.dialects.messenger.shapes import (
    ConversationMessageObject,
    conversation_message_object,
)
from protocol.model import Message, with_authors


async def _views(call: Call, messages: Sequence[Message]) -> list[ConversationMessageObject]:
    people = await call.services.store.accounts.get_many({each.author_id for each in messages})
    return [conversation_message_object(*each) for each in with_authors(messages, people)]


_PLACE: Final = ThreadPlace(numbered, _views, str, only_private=True)


async def replies(call: Call) -> JSON[RepliesObject[ConversationMessageObject]]:
    """A page of the replies to the message in the path."""
    return await replies_page(call, _PLACE)


async def followed(call: Call) -> JSON[ThreadsObject[FollowedObject[ConversationMessageObject]]]:
    """The threads that the caller follows, the newest first."""
    return await followed_page(call, _PLACE, followed_object)


SURFACE: Final = REST
ENDPOINTS: Final = tuple(
    endpoint
    for prefix in PREFIXES
    for endpoint in thread_endpoints(_PLACE, replies, followed, prefix)
)

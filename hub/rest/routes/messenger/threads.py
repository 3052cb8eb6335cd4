"""Threads over REST, as the messenger spells them. See docs/dialects/messenger.md#rest.

Guarantees: see `hub.rest.routes.threads`.
"""

from collections.abc import Sequence
from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call
from hub.rest.routes.messenger.access import PREFIXES
from hub.rest.routes.threads import (
    ThreadPlace,
    followed_by,
    numbered,
    replies_of,
    thread_endpoints,
)
from protocol.dialects.messenger.rest import REST
from protocol.dialects.messenger.shapes import (
    ConversationMessageObject,
    conversation_message_object,
)
from protocol.model import Message, MessageId, with_authors


class RepliesObject(TypedDict):
    """The replies of a page."""

    replies: list[ConversationMessageObject]


class ThreadObject(TypedDict):
    """A thread that the caller follows. `unreadCount`: replies of others above `readSeq`."""

    message: ConversationMessageObject
    unreadCount: int
    readSeq: int


class ThreadsObject(TypedDict):
    """The threads that the caller follows."""

    threads: list[ThreadObject]


_PLACE: Final = ThreadPlace(numbered, only_private=True)


async def _views(
    call: Call, messages: Sequence[Message]
) -> dict[MessageId, ConversationMessageObject]:
    people = await call.services.store.accounts.get_many({each.author_id for each in messages})
    return {
        message.id: conversation_message_object(message, author)
        for message, author in with_authors(messages, people)
    }


async def replies(call: Call) -> JSON[RepliesObject]:
    """A page of the replies to the message in the path."""
    found, more = await replies_of(call, _PLACE)
    return JSON({"replies": [*(await _views(call, found)).values()]}, headers=more)


async def followed(call: Call) -> JSON[ThreadsObject]:
    """The threads that the caller follows, the newest first."""
    found, more = await followed_by(call, _PLACE)
    shown = await _views(call, [each.message for each in found])
    threads: list[ThreadObject] = [
        {"message": view, "unreadCount": each.unread_count, "readSeq": each.read_seq}
        for each in found
        if (view := shown.get(each.message.id)) is not None
    ]
    return JSON({"threads": threads}, headers=more)


SURFACE: Final = REST
ENDPOINTS: Final = tuple(
    endpoint
    for prefix in PREFIXES
    for endpoint in thread_endpoints(_PLACE, replies, followed, prefix)
)

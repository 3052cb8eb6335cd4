"""Search results and pinned messages for Socket.IO's clients.

See docs/dialects/channel_messages.md#rest.

Guarantees: a caller gets only messages that they may see at that moment. Must not know: how
messages are shown.
"""

from typing import Final, TypedDict

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.finding.searching import (
    SEARCHED,
    cursor_behind,
    found_objects,
    more_found,
    search_page,
)
from hub.rest.parameters import KEY
from hub.rest.replies import ErrorWording
from hub.rest.routes.channel_messages.messages import (
    channel_in_path,
    message_id_in_path,
    view_of,
    views,
)
from hub.rest.routes.revisions import carried_out
from protocol.dialects.channel_messages.rest import REST
from protocol.dialects.channel_messages.shapes import ChannelMessageObject
from protocol.errors import MAY_NOT_CHANGE, ErrorCode
from protocol.model import with_authors
from protocol.revisions import Pin
from protocol.shapes.snippets import FoundObject

_NOT_STAFF: Final = ErrorWording(403, ErrorCode.NOT_ALLOWED, MAY_NOT_CHANGE)


class FoundPageObject(TypedDict):
    """A page of search results. `nextCursor`: leads to the next page."""

    results: list[FoundObject[ChannelMessageObject]]
    nextCursor: str | None


class PinnedObject(TypedDict):
    """The pinned messages of a channel."""

    messages: list[ChannelMessageObject]


async def search(call: Call) -> JSON[FoundPageObject]:
    """A page of the results of a search in all channels that the caller may see."""
    page = await search_page(call, only_private=False)
    messages = [each.message for each in page.found]
    people = await call.services.store.accounts.get_many({each.author_id for each in messages})
    shown = {
        message.id: view_of(call, message, author)
        for message, author in with_authors(messages, people)
    }
    answer: FoundPageObject = {
        "results": found_objects(page, shown),
        "nextCursor": cursor_behind(page),
    }
    return JSON(answer, headers=more_found(call, page))


async def pinned(call: Call) -> JSON[PinnedObject]:
    """A channel's pinned messages, in the order in which they were pinned."""
    channel = await channel_in_path(call)
    found = await call.services.store.messages.pinned(channel.id, viewer=call.me)
    return JSON({"messages": await views(call, found)})


async def change_pin(call: Call) -> JSON[ChannelMessageObject]:
    """Pin the message in the path, or unpin it; for moderators."""
    message_id = message_id_in_path(call)
    if message_id is None:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid message ID")
    change = Pin(is_pinned=call.request.method == "PUT")
    wording = {ErrorCode.STAFF_ONLY: _NOT_STAFF}
    return JSON(view_of(call, *await carried_out(call, message_id, change, wording)))


_PIN: Final = {
    200: "the message as it is now",
    400: [ErrorCode.INVALID_FIELD],
    403: [ErrorCode.NOT_ALLOWED],
    404: [ErrorCode.MESSAGE_NOT_FOUND],
    409: [ErrorCode.KEY_CONFLICT],
    429: [ErrorCode.RATE_LIMITED],
}

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/messages/search",
        "Search the messages of all channels that the caller may see",
        search,
        {200: "messages, each with a snippet", 400: [ErrorCode.INVALID_FIELD]},
        parameters=SEARCHED,
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "GET",
        "/api/messages/channel/{channel_id}/pinned",
        "List a channel's pinned messages",
        pinned,
        {200: "messages", 403: [ErrorCode.NOT_A_MEMBER]},
    ),
    *(
        Endpoint(
            method,
            "/api/messages/{message_id}/pin",
            f"{verb} a message; for moderators",
            change_pin,
            _PIN,
            parameters=(KEY,),
        )
        for method, verb in (("PUT", "Pin"), ("DELETE", "Unpin"))
    ),
)

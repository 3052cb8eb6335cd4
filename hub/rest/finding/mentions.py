"""The messages that mention the caller, over HTTP: pages, and how many are unread, in any dialect.

Guarantees: a page begins after the page before, whatever is posted meanwhile. Must not know: how a
message looks.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint
from hub.rest.pages import begin_of_page
from hub.rest.parameters import Cursor, Number
from persistence.lists import Places
from protocol.errors import ErrorCode
from protocol.model import MAX_ID, Message

DEFAULT_LIMIT: Final = 50
LIMIT: Final = Number(
    "limit", "the maximum number of messages", DEFAULT_LIMIT, 1, DEFAULT_LIMIT, larger=DEFAULT_LIMIT
)
CURSOR: Final = Cursor((int,))


class MentionCountObject(TypedDict):
    """How many messages that mention the caller are unread. Counted among the newest 1,000 that do
    so by name, and in each channel among the newest 1,000 that mention the whole channel.
    """

    count: int


async def mentions_page(call: Call, places: Places) -> tuple[Sequence[Message], Mapping[str, str]]:
    """The page of messages that a request asks for, newest first, and its `Link` header."""
    limit = call.number(LIMIT)
    page = await call.services.store.mentions.listed(
        call.me, places, before=begin_of_page(call, MAX_ID), limit=limit
    )
    more = CURSOR.text(page[-1].id) if len(page) == limit else None
    return page, call.next_page(CURSOR, more)


def mention_endpoints(
    listed: Callable[[Call], Awaitable[JSON[Any]]], places: Places, path: str = "/api/messages"
) -> tuple[Endpoint, ...]:
    """The two endpoints of a dialect. `places`: the channels that its clients know."""

    async def count(call: Call) -> JSON[MentionCountObject]:
        unread = await call.services.store.mentions.unread(call.me, places)
        return JSON({"count": sum(unread.values())})

    return (
        Endpoint(
            "GET",
            f"{path}/mentions",
            "List the messages that mention the caller, newest first",
            listed,
            {200: "messages", 400: [ErrorCode.INVALID_FIELD]},
            parameters=(LIMIT, CURSOR),
        ),
        Endpoint(
            "GET",
            f"{path}/mentions/unread-count",
            "Count the unread messages that mention the caller",
            count,
            {200: "the count"},
        ),
    )

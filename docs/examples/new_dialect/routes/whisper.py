"""REST of `/whisper`: the last lines of a conversation.

Guarantees: only the caller's own conversations are shown.
"""

from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint
from hub.rest.replies import NO_USER
from docs.examples.new_dialect.dialects.whisper.rest import REST
from protocol.errors import ErrorCode

LINES: Final = 10


class LinesObject(TypedDict):
    """Lines of a conversation, oldest first."""

    lines: list[str]


async def last_lines(call: Call) -> JSON[LinesObject]:
    """The last messages with a user, oldest first, as the lines in which they arrived."""
    peer_id = call.user_id()
    await call.conversation_with(peer_id, NO_USER)
    messages = call.services.store.messages
    page = await messages.conversation_page(call.me, peer_id, offset=0, limit=LINES)
    return JSON({"lines": [f"{each.author_id} {each.content}" for each in page]})


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/whispers/{user_id}",
        "The last lines of a conversation",
        last_lines,
        {
            200: "lines",
            400: [ErrorCode.INVALID_FIELD],
            403: [ErrorCode.NOT_ALLOWED],
            404: [NO_USER.code],
        },
    ),
)

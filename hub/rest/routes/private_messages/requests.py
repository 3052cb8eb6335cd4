"""Message requests over REST: conversations whose recipient has not let the author in. See
docs/dialects/private_messages.md#message-requests.

Guarantees: only the recipient of a request decides about it; its author learns that it was
accepted, but not that it was declined or waits.
"""

from typing import Final

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.pages import PAGED
from hub.rest.routes.private_messages.messages import ConversationObject, listed
from persistence.lists import Which
from protocol.dialects.private_messages.rest import REST
from protocol.dialects.private_messages.shapes import DONE, DoneObject
from protocol.errors import ErrorCode


async def requests(call: Call) -> JSON[list[ConversationObject]]:
    """The requests that wait for me, newest first."""
    return await listed(call, Which.REQUESTS)


async def accept(call: Call) -> JSON[DoneObject]:
    """Let the author in: they become a follower of mine."""
    relations = call.services.store.relations
    if not await relations.accept_message_request(call.me, call.user_id()):
        raise _no_request()
    return JSON(DONE)


async def decline(call: Call) -> JSON[DoneObject]:
    """Take the request out of my lists, until the author writes again."""
    relations = call.services.store.relations
    if not await relations.decline_message_request(call.me, call.user_id()):
        raise _no_request()
    return JSON(DONE)


def _no_request() -> HttpError:
    return HttpError(404, "no_request", "There is no message request of this user")


_DECIDED: Final = {200: "done", 400: [ErrorCode.INVALID_FIELD], 404: ["no_request"]}

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/messages/requests",
        "List the caller's pending message requests, newest first",
        requests,
        {200: "a list"},
        parameters=PAGED,
    ),
    Endpoint(
        "POST",
        "/api/messages/requests/{user_id}",
        "Accept a message request; its author becomes a follower of the caller",
        accept,
        _DECIDED,
    ),
    Endpoint(
        "DELETE",
        "/api/messages/requests/{user_id}",
        "Decline a message request; its author gets no event",
        decline,
        _DECIDED,
    ),
)

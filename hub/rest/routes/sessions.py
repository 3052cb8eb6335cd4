"""The caller's sessions over REST: list them, and end them.

See docs/dialects/README.md#ones-sessions.

Guarantees: a caller sees and ends their own sessions alone; no response has a token or its hash;
the connections of a session that is ended here are closed at once. Must not know: how a session is
found.
"""

from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from persistence.sessions import OpenSession
from protocol.dialects.learning_chat.rest import REST as LEARNING_PLATFORM
from protocol.dialects.private_messages.rest import REST as PRIVATE_MESSAGES
from protocol.errors import ErrorCode
from protocol.model import SessionId
from protocol.shapes.timestamps import Timestamp, timestamp


class SessionObject(TypedDict):
    """A session; `isCurrent`: the one of this request."""

    id: SessionId
    createdAt: Timestamp
    lastUsedAt: Timestamp
    expiresAt: Timestamp
    isCurrent: bool


class EndedObject(TypedDict):
    """How many sessions were ended."""

    ended: int


async def show(call: Call) -> JSON[list[SessionObject]]:
    """The caller's sessions."""
    sessions = await call.services.store.sessions.of_user(call.me)
    return JSON([_object(call, session) for session in sessions])


async def end(call: Call) -> JSON[EndedObject]:
    """End one of the caller's sessions, which may be this one."""
    number = call.path_id("session_id")
    if number is None:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid session ID")
    ended = await call.services.store.sessions.end(call.me, SessionId(number))
    if not ended:
        raise HttpError(404, "session_not_found", "Session not found")
    await call.services.live_sessions.end([SessionId(number)])
    return JSON({"ended": 1})


async def end_others(call: Call) -> JSON[EndedObject]:
    """End every session of the caller but this one."""
    ended = await call.services.store.sessions.close_all(call.me, keep=call.session.id)
    await call.services.live_sessions.end(ended)
    return JSON({"ended": len(ended)})


def _object(call: Call, session: OpenSession) -> SessionObject:
    return {
        "id": session.id,
        "createdAt": timestamp(session.created_at),
        "lastUsedAt": timestamp(session.used_at),
        "expiresAt": timestamp(session.expires_at),
        "isCurrent": session.id == call.session.id,
    }


SURFACE: Final = PRIVATE_MESSAGES
ALSO_FOR: Final = (LEARNING_PLATFORM,)
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/users/me/sessions",
        "List the caller's sessions",
        show,
        {200: "the sessions, most recently used first"},
    ),
    Endpoint(
        "DELETE",
        "/api/users/me/sessions",
        "End the caller's other sessions; their connections close with 4001",
        end_others,
        {200: "how many sessions were ended"},
    ),
    Endpoint(
        "DELETE",
        "/api/users/me/sessions/{session_id}",
        "End one of the caller's sessions; its connections close with 4001",
        end,
        {200: "ended", 400: [ErrorCode.INVALID_FIELD], 404: ["session_not_found"]},
    ),
)

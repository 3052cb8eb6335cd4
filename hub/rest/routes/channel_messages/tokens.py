"""Tokens for Socket.IO clients, given to users with a session.

See docs/dialects/channel_messages.md#authentication.
"""

from datetime import UTC, datetime, timedelta
from math import floor
from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint
from persistence.sessions import time_left
from protocol.dialects.learning_chat.rest import REST as LEARNING_PLATFORM
from protocol.dialects.private_messages.rest import REST as PRIVATE_MESSAGES
from protocol.shapes.timestamps import Timestamp, timestamp
from protocol.shapes.uuids import IdKind, UserUuid, to_uuid


class TokenObject(TypedDict):
    """A token, the id of its user, its end, and how many seconds are left until then."""

    token: str
    userId: UserUuid
    expiresAt: Timestamp
    expiresIn: int


async def issue(call: Call) -> JSON[TokenObject]:
    """A token for the caller, who may have older ones of the same session."""
    longest = timedelta(seconds=call.services.config.token_lifetime)
    lifetime = min(longest, time_left(call.session.due))
    user_id = to_uuid(IdKind.USER, call.me)
    return JSON(
        {
            "token": call.services.tokens.issue(user_id, lifetime, call.session.id),
            "userId": user_id,
            "expiresAt": timestamp(datetime.now(UTC) + lifetime),
            "expiresIn": floor(lifetime.total_seconds()),
        }
    )


SURFACE: Final = PRIVATE_MESSAGES
ALSO_FOR: Final = (LEARNING_PLATFORM,)
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/auth/token",
        "Make a token for Socket.IO; it lasts `token_lifetime`, at most as long as the session",
        issue,
        {200: "the token, the caller's id as a UUID, the token's end, and the seconds until then"},
    ),
)

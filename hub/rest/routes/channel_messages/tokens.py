"""Tokens for Socket.IO clients, given to users with a session.

See docs/dialects/channel_messages.md#authentication.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint
from protocol.dialects.learning_chat.rest import REST as LEARNING_PLATFORM
from protocol.dialects.private_messages.rest import REST as PRIVATE_MESSAGES
from protocol.shapes.timestamps import Timestamp, timestamp
from protocol.shapes.uuids import IdKind, UserUuid, to_uuid

LIFETIME: Final = timedelta(hours=1)


class TokenObject(TypedDict):
    """A token, whose it is, and its end."""

    token: str
    userId: UserUuid
    expiresAt: Timestamp


async def issue(call: Call) -> JSON[TokenObject]:
    """A token for the caller, which ends with the session, and after an hour at the latest."""
    lifetime = min(LIFETIME, call.session.expires_at - datetime.now(UTC))
    user_id = to_uuid(IdKind.USER, call.me)
    return JSON(
        {
            "token": call.services.tokens.issue(user_id, lifetime, call.session.id),
            "userId": user_id,
            "expiresAt": timestamp(datetime.now(UTC) + lifetime),
        }
    )


SURFACE: Final = PRIVATE_MESSAGES
ALSO_FOR: Final = (LEARNING_PLATFORM,)
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/auth/token",
        "A token for Socket.IO, for an hour",
        issue,
        {200: "the token, my id as a UUID, and its end"},
    ),
)

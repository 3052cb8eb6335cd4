"""The checks that the messenger's calls have in common.

Guarantees: a user id by which a path, query or body names the caller must be the session's, and a
conversation one of that user's. See docs/dialects/messenger.md#rest.
"""

from typing import Final, Literal, TypedDict

from hub.rest.endpoint import Call, HttpError
from hub.rest.parameters import Number
from hub.rest.replies import ErrorWording
from protocol.dialects.messenger.conversations import (
    ConversationName,
    parse_conversation_id,
)
from protocol.errors import ErrorCode
from protocol.model import UserId

PREFIXES: Final = ("/api/messagepal", "/api/message")
NO_USER: Final = "User ID is required"
NO_CONVERSATION: Final = ErrorWording(404, "conversation_not_found", "Conversation not found")
USER_ID: Final = Number(
    "userId", "the caller's user id", default=0, low=1, is_required=True, refusal=NO_USER
)
INVALID: Final = (ErrorCode.INVALID_FIELD,)
NOT_MINE: Final = (ErrorCode.NOT_ALLOWED,)
MISSING: Final = (NO_CONVERSATION.code,)
NAMED: Final = {"conversation_id": ConversationName}


class SuccessObject(TypedDict):
    """The call was carried out; there is nothing to show."""

    success: Literal[True]


def bad(text: str) -> HttpError:
    """The error for a request that is malformed in this dialect."""
    return HttpError(400, ErrorCode.INVALID_FIELD, text)


def require_me(call: Call, user_id: UserId) -> None:
    """Raise HttpError, 403, if a call names another user than the caller."""
    if user_id != call.me:
        raise HttpError(403, ErrorCode.NOT_ALLOWED, "Access denied")


def peer_in_path(call: Call, conversation: str) -> UserId:
    """The other participant of one of the caller's conversations.

    Raises:
        HttpError: 404 when there can be no such conversation, 403 when the caller is not in it.
    """
    pair = parse_conversation_id(conversation)
    if pair is None:
        raise NO_CONVERSATION.error()
    if call.me not in pair:
        raise HttpError(403, ErrorCode.NOT_ALLOWED, "Access denied")
    low, high = pair
    return high if call.me == low else low

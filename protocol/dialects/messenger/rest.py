"""REST of the messenger: its bodies, and how it spells errors.

See docs/dialects/messenger.md#rest. Guarantees: a body that structures has the right types. Field
names are camel case in JSON; the endpoints check for required fields, with texts of their own.
Must not know: HTTP, sessions, the store.
"""

from typing import ClassVar, Final, NotRequired, TypedDict

from attrs import frozen

from protocol.dialects.messenger.conversations import ConversationName
from protocol.model import UserId
from protocol.parsing.content import Content, FileUrl, IdempotencyKey, KindName
from protocol.parsing.express_session import COOKIE
from protocol.rest import RestDialect, camel_case
from protocol.schemas import Keywords


class ErrorObject(TypedDict):
    """An error. `field`: the field of the body or query that is at fault, if there is one."""

    error: str
    code: str
    field: NotRequired[str]


def _error(_: int, text: str, code: str) -> ErrorObject:
    return {"error": text, "code": code}


REST: Final = RestDialect(
    "messenger",
    COOKIE,
    _error,
    unauthorized=_error(401, "Authentication required", "not_signed_in"),
    naming=camel_case,
)


@frozen
class ForwardBody:
    """POST /api/messagepal/messages/{id}/forward."""

    recipient_id: UserId


@frozen
class BetweenBody:
    """POST /conversations/between-users of the messenger."""

    KEYWORDS: ClassVar = Keywords(required=["userId1", "userId2"])
    user_id1: UserId | None = None
    user_id2: UserId | None = None


@frozen
class MessengerPostBody:
    """POST /messages of the messenger; the sender must be the session's user."""

    KEYWORDS: ClassVar = Keywords(
        required=["conversationId", "senderId", "senderName", "recipientId", "content"]
    )
    conversation_id: ConversationName | None = None
    sender_id: UserId | None = None
    sender_name: str | None = None
    recipient_id: UserId | None = None
    content: Content | None = None
    message_type: KindName | None = None
    file_url: FileUrl | None = None
    client_message_id: IdempotencyKey | None = None


@frozen
class MessengerReadBody:
    """PATCH /messages/{id}/read of the messenger."""

    KEYWORDS: ClassVar = Keywords(required=["conversationId", "userId"])
    conversation_id: ConversationName | None = None
    user_id: UserId | None = None

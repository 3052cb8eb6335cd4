"""REST bodies of the messenger. See docs/dialects/messenger.md.

Guarantees: a body that structures has the right types. Field names are camel case in JSON.
Must not know: HTTP, sessions, the store.
"""

from attrs import frozen

from protocol.model import UserId


@frozen
class BetweenBody:
    """POST /conversations/between-users of the messenger."""

    user_id1: UserId | None = None
    user_id2: UserId | None = None


@frozen
class MessengerPostBody:
    """POST /messages of the messenger; what names the sender must be true."""

    conversation_id: str | None = None
    sender_id: UserId | None = None
    sender_name: str | None = None
    recipient_id: UserId | None = None
    content: str | None = None
    message_type: str | None = None
    file_url: str | None = None
    client_message_id: str | None = None


@frozen
class MessengerReadBody:
    """PATCH /messages/{id}/read of the messenger."""

    conversation_id: str | None = None
    user_id: UserId | None = None

"""How domain values look in JSON, where several dialects or REST share the shape.

Guarantees: the same message looks the same live and in history. Must not know: who is looking.
"""

from datetime import datetime

from protocol.model import Message, UserId


def timestamp(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2024-01-01T12:00:00.000Z` (contract, reading guide)."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def private_message_object(message: Message, recipient_id: UserId) -> dict[str, object]:
    """A private message as seed 004's clients read it (contract E.2).

    `receiver_id` is documented, `recipient_id` is what existing clients filter on: both go out.
    `seq` and `client_id` are Parlour's additions.
    """
    view: dict[str, object] = {
        "id": message.id,
        "content": message.content,
        "sender_id": message.author_id,
        "receiver_id": recipient_id,
        "recipient_id": recipient_id,
        "created_at": timestamp(message.created_at),
        "is_read": message.is_read,
        "seq": message.seq,
    }
    if message.key is not None:
        view["client_id"] = message.key
    return view

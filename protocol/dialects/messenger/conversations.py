"""The messenger's names of conversations and messages: strings.

See docs/dialects/messenger.md#frames. Guarantees: parsing never raises; it returns None for other
texts. Must not know: frames, REST.
"""

import re
from typing import Annotated, TypeAlias

from protocol.model import MAX_ID, MessageId, UserId
from protocol.parsing.structuring import identifier
from protocol.schemas import Keywords

ConversationName: TypeAlias = Annotated[str, Keywords(pattern="^conv_[1-9][0-9]*_[1-9][0-9]*$")]
"""What `conversation_id` returns."""

DecimalId: TypeAlias = Annotated[str, Keywords(pattern="^[1-9][0-9]{0,15}$")]
"""What `parse_message_id` understands."""


def conversation_id(one: UserId, other: UserId) -> ConversationName:
    """The name of the conversation of two users: `conv_<lower id>_<higher id>`."""
    return f"conv_{min(one, other)}_{max(one, other)}"


def parse_conversation_id(text: str) -> tuple[UserId, UserId] | None:
    """The two users of `conv_<lower id>_<higher id>`, or None if it is not one."""
    match = re.fullmatch(r"conv_([1-9][0-9]{0,15})_([1-9][0-9]{0,15})", text, re.ASCII)
    if match is None:
        return None
    low, high = int(match[1]), int(match[2])
    return (UserId(low), UserId(high)) if low < high <= MAX_ID else None


def parse_message_id(value: object) -> MessageId | None:
    """The message a client names by its string id, or None if there can be no such message."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        return None
    number = identifier(int(value)) if len(value) <= len(str(MAX_ID)) else None
    return None if number is None else MessageId(number)

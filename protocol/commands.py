"""What a client may ask over a socket: a closed union, whatever dialect it came in.

Guarantees: a command is well-formed (types, ranges, content rules), so handlers only ask whether it
is permitted. Who asks is not part of a command: identity comes from the session alone.
"""

from typing import TypeAlias

from attrs import frozen

from protocol.model import UserId


@frozen
class SendPrivateMessage:
    """Store `content` in the conversation with `recipient_id` and deliver it to both.

    `key` is the idempotency key: a repeat by the same author stores and delivers nothing.
    """

    recipient_id: UserId
    content: str
    key: str | None = None


@frozen
class SetTyping:
    """The author started or stopped typing to `recipient_id`."""

    recipient_id: UserId
    is_typing: bool


Command: TypeAlias = SendPrivateMessage | SetTyping

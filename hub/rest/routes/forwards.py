"""Calls that forward a message, which every dialect has below the path of a message.

Guarantees: a copy is stored and delivered like any other message; the original of a copy is shown
only to users who may see both; for others the response is as if there were no original.
Must not know: how a dialect spells messages and ids.
"""

from typing import Final

from hub.rest.endpoint import Call, Endpoint, Handle
from hub.rest.parameters import KEY
from hub.rest.replies import ErrorWording
from protocol.errors import ErrorCode
from protocol.model import Message, MessageId, User

_NO_ID: Final = ErrorWording(400, ErrorCode.INVALID_FIELD, "Invalid message ID")
_NO_ORIGINAL: Final = ErrorWording(404, ErrorCode.MESSAGE_NOT_FOUND, "Message not found")


def message_named(message_id: MessageId | None) -> MessageId:
    """The message in a path.

    Raises:
        HttpError: its id is malformed.
    """
    if message_id is None:
        raise _NO_ID.error()
    return message_id


async def original_of(
    call: Call, message_id: MessageId | None, *, only_private: bool = False
) -> tuple[Message, User]:
    """The original of a message, as it is now, and its author. `only_private`: the dialect shows
    messages of private conversations alone.

    Raises:
        HttpError: the id is malformed, or there is no original that the caller may see.
    """
    store = call.services.store
    original = await store.messages.original(call.me, message_named(message_id))
    if original is None or (only_private and original.recipient_id is None):
        raise _NO_ORIGINAL.error()
    author = await store.accounts.get(original.author_id)
    if author is None:  # deleted in between
        raise _NO_ORIGINAL.error()
    return original, author


def forward_endpoints(
    forward: Handle, show_original: Handle, body: type, messages: str = "/api/messages"
) -> tuple[Endpoint, ...]:
    """The calls of one dialect.

    Args:
        forward: sends the copy, and returns it.
        show_original: returns the original.
        body: the shape of a body that names where the copy is to be sent.
        messages: the path of its messages.
    """
    message = f"{messages}/{{message_id}}"
    return (
        Endpoint(
            "POST",
            f"{message}/forward",
            "Send a copy of a message",
            forward,
            {
                201: "the copy",
                400: [ErrorCode.INVALID_FIELD, ErrorCode.CANNOT_MESSAGE_SELF],
                403: [ErrorCode.NOT_ALLOWED, ErrorCode.NOT_A_MEMBER, ErrorCode.READ_ONLY],
                404: [
                    ErrorCode.MESSAGE_NOT_FOUND,
                    ErrorCode.RECIPIENT_NOT_FOUND,
                    ErrorCode.CHANNEL_NOT_FOUND,
                ],
                409: [ErrorCode.KEY_CONFLICT],
                422: [ErrorCode.UNSTORABLE],
                429: [ErrorCode.RATE_LIMITED],
            },
            body=body,
            parameters=(KEY,),
        ),
        Endpoint(
            "GET",
            f"{message}/original",
            "Show the original of a forwarded message, if the caller may see it",
            show_original,
            {
                200: "the original as it is now",
                400: [ErrorCode.INVALID_FIELD],
                404: [ErrorCode.MESSAGE_NOT_FOUND],
            },
        ),
    )

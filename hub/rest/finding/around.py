"""The messages around a given one, for a client that follows a link or a search result.

Guarantees: a caller gets no message that they may not see. Must not know: any endpoint.
"""

from collections.abc import Sequence
from typing import Final

from hub.rest.endpoint import Call, HttpError
from hub.rest.parameters import Number
from persistence.records import Span
from protocol.errors import ErrorCode
from protocol.model import ChannelId, Message, MessageId

AROUND: Final = Number("around", "only messages around the one with this id, oldest first", 0, 1)


async def messages_around(
    call: Call, message_id: int | None, channel_id: ChannelId | None, limit: int
) -> Sequence[Message]:
    """At most `limit` messages of the channel, with the message of that id in the middle, or its
    position if it was deleted. There are fewer where messages were deleted.

    Raises:
        HttpError: 404 when the channel never had such a message.
    """
    store = call.services.store
    message = None
    if message_id is not None:
        message = await store.messages.get(MessageId(message_id), even_deleted=True)
    if message is None or message.channel_id != channel_id:
        raise HttpError(404, ErrorCode.MESSAGE_NOT_FOUND, "Message not found")
    first = max(message.seq - limit // 2, 1)
    span = Span(message.channel_id, first - 1, first - 1 + limit)
    return await store.messages.in_spans(call.me, [span], limit=limit)

"""Private messages over REST. See docs/dialects/private_messages.md#rest.

Guarantees: a message sent here takes the same way as one sent on `/ws`: permission, commit, then
delivery to everyone who may see it, the sender's connections included.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

from starlette.responses import Response

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.settings.choices import AudienceRule
from protocol.answers import Done
from protocol.commands import MarkConversationRead, SendPrivateMessage
from protocol.dialects.private_messages.rest import REST, AddressedMessageBody, MessageBody
from protocol.dialects.private_messages.shapes import message_objects, user_object
from protocol.errors import WireError
from protocol.model import MAX_ID, Message, Posted, User, UserId
from protocol.parsing.content import check_file_url, check_kind
from protocol.shapes.timestamps import timestamp

T = TypeVar("T")

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
MAX_PAGE: Final = 1_000_000


async def send_to(call: Call) -> Response:
    """Send to the user in the path."""
    recipient = call.user_id()
    return await _send(call, recipient, await _body(call, MessageBody))


async def send(call: Call) -> Response:
    """Send to the user in the body."""
    body = await _body(call, AddressedMessageBody)
    return await _send(call, body.recipient(), body)


async def _body(call: Call, shape: type[T]) -> T:
    try:
        return await call.body(shape)
    except WireError as error:
        raise HttpError(400, error.code, f"Invalid request body: {error.text}") from None


async def _send(call: Call, recipient_id: UserId, body: MessageBody) -> Response:
    limit = call.services.config.max_content_chars
    content, key = body.checked(limit, call.request.headers.get("idempotency-key"))
    command = SendPrivateMessage(
        recipient_id,
        content,
        key,
        check_kind(body.message_type, field="message_type"),
        check_file_url(body.file_url, field="file_url"),
        parent_id=body.parent_id,
    )
    posted = await call.carry_out(command, Posted)
    people = await _people(call, recipient_id)
    (shown,) = message_objects([posted.message], people)
    return JSON(shown, 201)


async def history(call: Call) -> Response:
    """A page of the conversation, oldest first; marks the other side's messages read, but for
    `mark=no`.
    """
    peer_id = call.user_id()
    people = await _people(call, peer_id)
    await call.require_conversation(peer_id)
    messages = call.services.store.messages
    limit = call.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    page: Sequence[Message]
    if "after_seq" in call.request.query_params:
        after_seq = call.number("after_seq", 0, 0, MAX_ID)
        page = await messages.conversation_after(call.me, peer_id, after_seq=after_seq, limit=limit)
    else:
        offset = (call.number("page", 1, 1, MAX_PAGE) - 1) * limit
        page = await messages.conversation_page(call.me, peer_id, offset=offset, limit=limit)
    if call.request.query_params.get("mark") != "no":
        await call.carry_out(MarkConversationRead(peer_id), Done)
    return JSON(message_objects(page, people))


async def mark_read(call: Call) -> Response:
    """Mark the other side's messages read."""
    await call.carry_out(MarkConversationRead(call.user_id()), Done)
    return JSON({"status": "success"})


async def conversations(call: Call) -> Response:
    """My conversations, newest first."""
    found = await call.services.store.messages.conversations(call.me)
    online = await _visibly_online(call)
    return JSON(
        [
            {
                "user": user_object(each.peer),
                "unread_count": each.unread_count,
                "last_message": each.last_message.content,
                "last_message_time": timestamp(each.last_message.created_at),
                "last_seq": each.last_message.seq,
                "is_online": each.peer.id in online,
                "is_request": each.is_request,
            }
            for each in found
        ]
    )


async def unread_count(call: Call) -> Response:
    """How many messages I have not read."""
    return JSON({"count": await call.services.store.messages.unread_count(call.me)})


async def online_users(call: Call) -> Response:
    """Others who are online, as far as I may know."""
    online = sorted(await _visibly_online(call))
    users = await call.services.store.accounts.get_many(online)
    return JSON([user_object(users[user_id]) for user_id in online if user_id in users])


async def _visibly_online(call: Call) -> frozenset[UserId]:
    online = call.services.presence.online() - {call.me}
    if call.services.config.presence_audience is AudienceRule.EVERYONE:
        return online
    # The relation is symmetric: the caller's audience are the users whose presence they may see.
    audience = await call.services.store.relations.presence_audience([call.me])
    return online & audience.get(call.me, frozenset())


async def _people(call: Call, peer_id: UserId) -> dict[UserId, User]:
    """Both sides of a conversation.

    Raises:
        HttpError: 404 when the peer does not exist.
    """
    peer = await call.services.store.accounts.get(peer_id)
    if peer is None:
        raise HttpError(404, "user_not_found", "User not found")
    return {call.me: call.session.user, peer_id: peer}


_SENT: Final = {
    201: "the stored message",
    400: "malformed, empty, too long, or to oneself",
    403: "not allowed to message this user",
    404: "no such recipient",
    409: "the key belongs to another message",
    503: "try again with the same key",
}

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/messages/conversations",
        "My conversations, newest first",
        conversations,
        {200: "a list"},
    ),
    Endpoint(
        "GET",
        "/api/messages/unread-count",
        "How many messages I have not read",
        unread_count,
        {200: "a count"},
    ),
    Endpoint(
        "GET",
        "/api/messages/{user_id}",
        "A page of the conversation, oldest first; marks it read, but for mark=no",
        history,
        {200: "messages", 400: "no user id", 404: "no such user"},
        query=("page", "limit", "after_seq", "mark"),
    ),
    Endpoint("POST", "/api/messages/{user_id}", "Send a message", send_to, _SENT, body=MessageBody),
    Endpoint("POST", "/api/messages", "Send a message", send, _SENT, body=AddressedMessageBody),
    Endpoint(
        "PUT",
        "/api/messages/{user_id}/read",
        "Mark the other side's messages read",
        mark_read,
        {200: "done", 400: "no user id"},
    ),
    Endpoint(
        "GET",
        "/api/users/online",
        "Others who are online, as far as I may know",
        online_users,
        {200: "a list"},
    ),
)

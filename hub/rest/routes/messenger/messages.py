"""Messages over REST, as the messenger spells them, below `/api/messagepal` and `/api/message`.

Guarantees: see `hub.rest.routes.messenger.access`.
"""

from functools import partial
from typing import Final

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.finding.searching import SEARCHED, found_objects, more_found, search_page
from hub.rest.parameters import KEY, Text
from hub.rest.replies import CONTENT_CODES
from hub.rest.routes.forwards import forward_endpoints, message_named, original_of
from hub.rest.routes.messenger.access import (
    INVALID,
    MISSING,
    NAMED,
    NO_CONVERSATION,
    NOT_MINE,
    PREFIXES,
    SuccessObject,
    bad,
    peer_in_path,
    require_me,
)
from hub.rest.routes.notes import hidden, marked_unread, muted, note_endpoints
from hub.rest.routes.revisions import Reach, revised, revision_endpoints
from protocol.answers import Done
from protocol.commands import MarkRead, MuteConversation, SendPrivateMessage
from protocol.dialects.messenger.conversations import (
    ConversationName,
    conversation_id,
    parse_message_id,
)
from protocol.dialects.messenger.notes import (
    ConversationNoteObject,
    HiddenMessageObject,
    conversation_note,
    hidden_message,
)
from protocol.dialects.messenger.rest import (
    REST,
    ForwardBody,
    MessengerPostBody,
    MessengerReadBody,
)
from protocol.dialects.messenger.shapes import (
    ConversationMessageObject,
    conversation_message_object,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import Message, Posted, User, with_authors
from protocol.notes import Note, peer_in
from protocol.parsing.content import check_content, check_file_url, check_kind
from protocol.shapes.snippets import FoundObject

CONVERSATION: Final = Text(
    "conversationId", "the id of the message's conversation", {"minLength": 1}, is_required=True
)
_REQUIRED: Final = (
    "Missing required fields: conversationId, senderId, senderName, recipientId, content"
)


async def search(call: Call) -> JSON[list[FoundObject[ConversationMessageObject]]]:
    """A page of the results of a search in the caller's conversations."""
    page = await search_page(call, only_private=True)
    messages = [each.message for each in page.found]
    authors = await call.services.store.accounts.get_many({each.author_id for each in messages})
    shown = {
        message.id: conversation_message_object(message, author)
        for message, author in with_authors(messages, authors)
    }
    return JSON(found_objects(page, shown), headers=more_found(call, page))


async def show_message(call: Call) -> JSON[ConversationMessageObject]:
    """One message of one of the caller's conversations."""
    conversation = call.text(CONVERSATION)
    if not conversation:
        raise bad("Conversation ID is required")
    message, author = await _message(call, conversation)
    return JSON(conversation_message_object(message, author))


async def _message(
    call: Call, conversation: str, *, even_deleted: bool = False
) -> tuple[Message, User]:
    """The message in the path, in that conversation, and its author.

    Raises:
        HttpError: 404 when there is none, 403 when the caller is not in the conversation, or it is
            closed to them.
    """
    peer = peer_in_path(call, conversation)
    people = await call.conversation_with(peer, NO_CONVERSATION)
    message_id = parse_message_id(call.request.path_params["message_id"])
    message = None
    if message_id is not None:
        messages = call.services.store.messages
        message = await messages.get(message_id, even_deleted=even_deleted, viewer=call.me)
    if message is None or {message.author_id, message.recipient_id} != {call.me, peer}:
        raise HttpError(404, "message_not_found", "Message not found")
    return message, people[message.author_id]


async def send(call: Call) -> JSON[ConversationMessageObject]:
    """Send a message; the sender in the body must be the caller."""
    try:
        body = await call.body(MessengerPostBody)
    except WireError as error:
        raise bad(f"{_REQUIRED} ({error.text})") from None
    if not (body.conversation_id and body.sender_id and body.sender_name and body.recipient_id):
        raise bad(_REQUIRED)
    if not body.content:
        raise bad(_REQUIRED)
    require_me(call, body.sender_id)
    if body.conversation_id != conversation_id(body.sender_id, body.recipient_id):
        raise bad("conversationId does not belong to senderId and recipientId")
    try:
        kind = check_kind(body.message_type, field="messageType")
    except WireError as error:
        raise bad(error.text) from None
    command = SendPrivateMessage(
        body.recipient_id,
        check_content(body.content, call.services.config.max_content_chars),
        call.idempotency_key(body.client_message_id, field="clientMessageId"),
        kind,
        check_file_url(body.file_url, field="fileUrl"),
    )
    posted = await call.carry_out(command, Posted)
    return JSON(conversation_message_object(posted.message, call.user), 201)


_REACH: Final = Reach(only_private=True)


async def revise(call: Call) -> JSON[ConversationMessageObject]:
    """Change the message in the path."""
    message_id = parse_message_id(call.request.path_params["message_id"])
    return JSON(conversation_message_object(*await revised(call, message_id, _REACH)))


async def forward(call: Call) -> JSON[ConversationMessageObject]:
    """Send a copy of the message in the path."""
    message_id = message_named(parse_message_id(call.request.path_params["message_id"]))
    recipient_id = (await call.body(ForwardBody)).recipient_id
    key = call.idempotency_key(None, field=KEY.name)
    command = SendPrivateMessage(recipient_id, "", key, forwards=message_id)
    posted = await call.carry_out(command, Posted)
    return JSON(conversation_message_object(posted.message, call.user), 201)


async def original(call: Call) -> JSON[ConversationMessageObject]:
    """The original of the message in the path."""
    message_id = parse_message_id(call.request.path_params["message_id"])
    found = await original_of(call, message_id, only_private=True)
    return JSON(conversation_message_object(*found))


async def mark_unread(call: Call) -> JSON[ConversationNoteObject]:
    """Have a message and those after it count as unread for the caller."""
    message_id = parse_message_id(call.request.path_params["message_id"])
    note, at = await marked_unread(call, message_id, only_private=True)
    return JSON(conversation_note(note, _conversation_of(call, note), at))


async def hide(call: Call) -> JSON[HiddenMessageObject]:
    """Hide the message in the path from the caller, or show it again."""
    message_id = parse_message_id(call.request.path_params["message_id"])
    note = await hidden(call, message_id, only_private=True)
    return JSON(hidden_message(note, _conversation_of(call, note)))


async def mute(call: Call) -> JSON[ConversationNoteObject]:
    """Mute the conversation in the path, or unmute it."""
    peer = peer_in_path(call, call.request.path_params["conversation_id"])
    missing = {ErrorCode.CONVERSATION_NOT_FOUND: NO_CONVERSATION}
    note, at = await muted(call, partial(MuteConversation, peer), missing)
    return JSON(conversation_note(note, conversation_id(call.me, peer), at))


def _conversation_of(call: Call, note: Note) -> ConversationName:
    return conversation_id(call.me, peer_in(note, call.me))


async def mark_read(call: Call) -> JSON[SuccessObject]:
    """Mark a message, and those before it, read."""
    try:
        body = await call.body(MessengerReadBody)
    except WireError:
        body = MessengerReadBody()
    if not body.conversation_id or body.user_id is None:
        raise bad("Conversation ID and User ID are required")
    require_me(call, body.user_id)
    message, _ = await _message(call, body.conversation_id, even_deleted=True)
    await call.carry_out(MarkRead(message.id), Done)
    return JSON({"success": True})


_NO_MESSAGE: Final = (*MISSING, "message_not_found")


def _endpoints(prefix: str) -> tuple[Endpoint, ...]:
    return (
        *revision_endpoints(revise, f"{prefix}/messages"),
        *forward_endpoints(forward, original, ForwardBody, f"{prefix}/messages"),
        *note_endpoints(
            mark_unread,
            hide,
            mute,
            messages=f"{prefix}/messages",
            place=f"{prefix}/conversations/{{conversation_id}}",
            missing={403: NOT_MINE, 404: MISSING},
            path_types=NAMED,
        ),
        Endpoint(
            "GET",
            f"{prefix}/messages/search",
            "Search the messages of the caller's conversations",
            search,
            {200: "messages, each with a snippet", 400: INVALID},
            parameters=SEARCHED,
            costs=(Kind.SEARCHES,),
        ),
        Endpoint(
            "GET",
            f"{prefix}/messages/{{message_id}}",
            "Show a message",
            show_message,
            {200: "the message", 400: INVALID, 403: NOT_MINE, 404: _NO_MESSAGE},
            parameters=(CONVERSATION,),
        ),
        Endpoint(
            "POST",
            f"{prefix}/messages",
            "Send a message",
            send,
            {
                201: "the message",
                400: (*CONTENT_CODES, ErrorCode.CANNOT_MESSAGE_SELF),
                403: NOT_MINE,
                404: [ErrorCode.RECIPIENT_NOT_FOUND],
                409: [ErrorCode.KEY_CONFLICT],
                422: [ErrorCode.UNSTORABLE],
                429: [ErrorCode.RATE_LIMITED],
            },
            body=MessengerPostBody,
            parameters=(KEY,),
        ),
        Endpoint(
            "PATCH",
            f"{prefix}/messages/{{message_id}}/read",
            "Mark a message, and those before it, read",
            mark_read,
            {200: "done", 403: NOT_MINE, 404: _NO_MESSAGE},
            body=MessengerReadBody,
        ),
    )


SURFACE: Final = REST
ENDPOINTS: Final = tuple(endpoint for prefix in PREFIXES for endpoint in _endpoints(prefix))

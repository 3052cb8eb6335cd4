"""The learning platform's messages. See docs/dialects/learning_chat.md#rest.

Guarantees: a message sent here is handled like one sent on a socket; a caller who may not see a
channel learns nothing about its messages.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final, TypedDict

from attrs import frozen

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.finding.around import AROUND, messages_around
from hub.rest.finding.mentions import mention_endpoints, mentions_page
from hub.rest.finding.searching import SEARCHED, found_objects, more_found, search_page
from hub.rest.parameters import AFTER_SEQ, KEY, Number
from hub.rest.replies import CONTENT_CODES, ErrorWording
from hub.rest.routes.forwards import forward_endpoints, original_of
from hub.rest.routes.learning_chat.accounts import MessageObject, invalid
from hub.rest.routes.learning_chat.channels import CHANNEL_WORDING, accessible
from hub.rest.routes.notes import hidden, marked_unread, muted, note_endpoints
from hub.rest.routes.revisions import (
    Reach,
    VersionObject,
    carried_out,
    revised,
    revision_endpoints,
    versions_endpoint,
    versions_of,
)
from hub.services.assistant.language_model import NoAnswer, Turn
from persistence.lists import Places
from protocol.answers import Done
from protocol.commands import (
    MarkRead,
    MuteChannel,
    PostToChannel,
)
from protocol.dialects.learning_chat.rest import REST, ForwardBody, GradeBody, PostBody
from protocol.errors import ErrorCode, WireError
from protocol.model import (
    MAX_ID,
    ChannelId,
    GradingStatus,
    Message,
    MessageId,
    MessageKind,
    Posted,
    with_authors,
)
from protocol.parsing.content import check_content, check_file_url, is_storable
from protocol.revisions import Grade, Pin
from protocol.shapes.learning_platform import (
    ChannelObject,
    ChatMessageObject,
    channel_object,
    chat_message_object,
)
from protocol.shapes.notes import (
    NotedChannelObject,
    NotedMessageObject,
    noted_channel,
    noted_message,
)
from protocol.shapes.snippets import FoundObject

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
UNREAD_AMONG: Final = 50
MAX_TURNS: Final = 100
_NOTHING_TO_PIN: Final = ErrorWording(
    404, ErrorCode.MESSAGE_NOT_FOUND, "Channel or message not found"
)
ROLES: Final = frozenset({"system", "user", "assistant"})

LIMIT: Final = Number(
    "limit",
    f"the maximum number of messages; by default {DEFAULT_LIMIT}",
    DEFAULT_LIMIT,
    1,
    MAX_LIMIT,
    larger=MAX_LIMIT,
)
BEFORE: Final = Number("before", "only messages before the one with this id", MAX_ID, 1)


@frozen
class DialogueBody:
    """POST /api/ai-chat."""

    messages: tuple[Turn, ...]


class UnreadObject(TypedDict):
    """How many messages are unread."""

    unreadCount: int


class CompletionObject(TypedDict):
    """A completion of the assistant."""

    content: str


def _not_allowed(text: str) -> ErrorWording:
    return ErrorWording(403, ErrorCode.NOT_ALLOWED, text)


async def views(call: Call, messages: Sequence[Message]) -> list[ChatMessageObject]:
    """Messages as the dialect shows them."""
    authors = await call.services.store.accounts.get_many({m.author_id for m in messages})
    return [chat_message_object(*each) for each in with_authors(messages, authors)]


async def history(call: Call) -> JSON[list[ChatMessageObject]]:
    """A channel's messages, oldest first; `before` pages back, `after_seq` forward."""
    channel = await accessible(call, call.path_id("channel_id"))
    limit = call.number(LIMIT)
    if (message_id := call.optional(AROUND)) is not None:
        nearby = await messages_around(call, message_id, channel.id, limit)
        return JSON(await views(call, nearby))
    missed = await call.missed(channel.id, limit)
    if missed is not None:
        more = call.next_page(AFTER_SEQ, missed[-1].seq if len(missed) == limit else None)
        return JSON(await views(call, missed), headers=more)
    before = MessageId(call.number(BEFORE))
    page = await call.services.store.messages.channel_page(
        channel.id, before=before, limit=limit, viewer=call.me
    )
    more = call.next_page(BEFORE, page[0].id if len(page) == limit else None)
    return JSON(await views(call, page), headers=more)


async def search(call: Call) -> JSON[list[FoundObject[ChatMessageObject]]]:
    """A page of the results of a search in all channels that the caller may see."""
    page = await search_page(call, only_private=False)
    messages = [each.message for each in page.found]
    shown = {MessageId(view["id"]): view for view in await views(call, messages)}
    return JSON(found_objects(page, shown), headers=more_found(call, page))


async def post(call: Call) -> JSON[ChatMessageObject]:
    """Send a message to a channel."""
    body, content, key = await _post_body(call)
    kind = body.kind()
    command = PostToChannel(
        body.channel_id,
        content,
        kind,
        body.file_url,
        key,
        parent_id=body.parent_id,
        is_homework=body.is_homework or kind is MessageKind.ASSIGNMENT,
    )
    posted = await call.carry_out(command, Posted, CHANNEL_WORDING)
    return JSON(chat_message_object(posted.message, call.user), 201)


async def _post_body(call: Call) -> tuple[PostBody, str, str | None]:
    try:
        body = await call.body(PostBody)
        body.kind()
        check_file_url(body.file_url, field="fileUrl")
        key = call.idempotency_key(body.client_message_id, field="clientMessageId")
        limit = call.services.config.max_content_chars
        return body, check_content(body.content.strip(), limit), key
    except WireError as error:
        raise invalid("Invalid input", error) from None


def _message_id(call: Call) -> MessageId:
    """The message id in the path.

    Raises:
        HttpError: 400 when it is malformed.
    """
    number = call.path_id("message_id")
    if number is None:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid message ID")
    return MessageId(number)


async def _message(call: Call) -> Message:
    """The message in the path, whose channel the caller may see; what is left of it if it was
    deleted.

    Raises:
        HttpError: 400 when the id is malformed, 404 when there is none or the caller may not see
        it.
    """
    store = call.services.store
    message = await store.messages.get(_message_id(call), even_deleted=True)
    access = None
    if message is not None:
        access = await store.channels.access(call.me, message.channel_id)
    if message is None or access is None or not access.allowed:
        raise HttpError(404, "message_not_found", "Message not found")
    return message


_REACH: Final = Reach(clean=str.strip)


async def revise(call: Call) -> JSON[ChatMessageObject]:
    """Change the message in the path."""
    return JSON(chat_message_object(*await revised(call, _message_id(call), _REACH)))


async def forward(call: Call) -> JSON[ChatMessageObject]:
    """Send a copy of the message in the path to a channel."""
    message_id, channel_id = _message_id(call), (await call.body(ForwardBody)).channel_id
    key = call.idempotency_key(None, field=KEY.name)
    command = PostToChannel(channel_id, "", key=key, forwards=message_id)
    posted = await call.carry_out(command, Posted, CHANNEL_WORDING)
    return JSON(chat_message_object(posted.message, call.user), 201)


async def original(call: Call) -> JSON[ChatMessageObject]:
    """The original of the message in the path."""
    return JSON(chat_message_object(*await original_of(call, _message_id(call))))


async def delete(call: Call) -> JSON[MessageObject]:
    """Delete a message; for its author and moderators."""
    wording = {ErrorCode.NOT_ALLOWED: _not_allowed("You can only delete your own messages")}
    await revised(call, _message_id(call), _REACH, wording)
    return JSON({"message": "Message deleted"})


async def versions(call: Call) -> JSON[list[VersionObject]]:
    """The earlier versions of the message in the path."""
    return JSON(await versions_of(call, _message_id(call)))


async def mentions(call: Call) -> JSON[list[ChatMessageObject]]:
    """The messages of all channels that mention the caller, newest first."""
    page, more = await mentions_page(call, Places.ALL)
    return JSON(await views(call, page), headers=more)


async def mark_read(call: Call) -> JSON[ChatMessageObject]:
    """Mark a message, and those before it, read."""
    message = await _message(call)
    await call.carry_out(MarkRead(message.id), Done)
    read = await call.services.store.messages.get(message.id, even_deleted=True, viewer=call.me)
    shown = await views(call, [read or message])
    if not shown:  # its author was deleted in between
        raise HttpError(404, ErrorCode.MESSAGE_NOT_FOUND, "Message not found")
    return JSON(shown[0])


async def mark_unread(call: Call) -> JSON[NotedChannelObject]:
    """Have a message and those after it count as unread for the caller."""
    return JSON(noted_channel(*await marked_unread(call, _message_id(call))))


async def hide(call: Call) -> JSON[NotedMessageObject]:
    """Hide the message in the path from the caller, or show it again."""
    return JSON(noted_message(await hidden(call, _message_id(call))))


async def mute(call: Call) -> JSON[NotedChannelObject]:
    """Mute the channel in the path, or unmute it."""
    channel_id = ChannelId(call.path_id("channel_id") or 0)
    return JSON(
        noted_channel(*await muted(call, partial(MuteChannel, channel_id), CHANNEL_WORDING))
    )


async def grade(call: Call) -> JSON[ChatMessageObject]:
    """Set a homework's status; for moderators."""
    not_staff = ErrorWording(401, ErrorCode.NOT_ALLOWED, "Only teachers can grade homework")
    try:
        status = GradingStatus((await call.body(GradeBody)).status)
    except (WireError, ValueError):
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid status") from None
    wording = {ErrorCode.STAFF_ONLY: not_staff}
    graded = await carried_out(call, _message_id(call), Grade(status), wording)
    return JSON(chat_message_object(*graded))


async def pin(call: Call) -> JSON[ChannelObject]:
    """Pin a message; for moderators."""
    return await _change_pins(call, Pin(), "Only teachers can pin messages")


async def unpin(call: Call) -> JSON[ChannelObject]:
    """Unpin a message; for moderators."""
    return await _change_pins(call, Pin(is_pinned=False), "Only teachers can unpin messages")


def _pin_ids(call: Call) -> tuple[ChannelId, MessageId]:
    """The ids in the path; 0, which no message has, for a malformed one."""
    channel_id, message_id = call.path_id("channel_id"), call.path_id("message_id")
    return ChannelId(channel_id or 0), MessageId(message_id or 0)


async def _change_pins(call: Call, change: Pin, not_staff: str) -> JSON[ChannelObject]:
    channel_id, message_id = _pin_ids(call)
    wording = {
        ErrorCode.STAFF_ONLY: _not_allowed(not_staff),
        ErrorCode.CHANNEL_NOT_FOUND: _NOTHING_TO_PIN,
        ErrorCode.MESSAGE_NOT_FOUND: _NOTHING_TO_PIN,
    }
    await carried_out(call, message_id, change, wording, channel_id=channel_id)
    access = await call.services.store.channels.access(call.me, channel_id)
    if access is None or not access.allowed:  # the right was lost in between
        raise HttpError(404, ErrorCode.MESSAGE_NOT_FOUND, "Channel or message not found")
    return JSON(channel_object(access.channel))


async def pinned_messages(call: Call) -> JSON[list[ChatMessageObject]]:
    """A channel's pinned messages."""
    channel = await accessible(call, call.path_id("channel_id"))
    pinned = await call.services.store.messages.pinned(channel.id, viewer=call.me)
    return JSON(await views(call, pinned))


async def unread(call: Call) -> JSON[UnreadObject]:
    """How many of a channel's last 50 messages the caller has not read."""
    channel = await accessible(call, call.path_id("channel_id"))
    count = await call.services.store.messages.unread_in(call.me, channel.id, among=UNREAD_AMONG)
    return JSON({"unreadCount": count})


async def ask_assistant(call: Call) -> JSON[CompletionObject]:
    """A completion of the assistant, outside any channel."""
    turns = await _turns(call)
    if call.services.completions is None:
        raise HttpError(500, ErrorCode.ASSISTANT_UNAVAILABLE, "Failed to generate AI response")
    try:
        return JSON({"content": await call.services.completions.answer(turns)})
    except NoAnswer:
        raise HttpError(
            500, ErrorCode.ASSISTANT_UNAVAILABLE, "Failed to generate AI response"
        ) from None


async def _turns(call: Call) -> Sequence[Turn]:
    malformed = HttpError(400, ErrorCode.INVALID_FIELD, "Invalid messages format")
    try:
        turns = (await call.body(DialogueBody)).messages
    except WireError:
        raise malformed from None
    if not 1 <= len(turns) <= MAX_TURNS:
        raise malformed
    if any(turn.role not in ROLES or not is_storable(turn.content) for turn in turns):
        raise malformed
    dialogue = [turn for turn in turns if turn.role != "system"]  # the hub adds its own
    if not dialogue:
        raise malformed
    return dialogue


_NOT_ALLOWED: Final = (ErrorCode.NOT_ALLOWED,)
_NO_ID: Final = (ErrorCode.INVALID_FIELD,)
_NO_CHANNEL: Final = (ErrorCode.CHANNEL_NOT_FOUND,)
_NO_MESSAGE: Final = (ErrorCode.MESSAGE_NOT_FOUND,)
_KEY_USED: Final = (ErrorCode.KEY_CONFLICT,)
_PINNED: Final = {200: "messages", 404: _NO_CHANNEL}
_HISTORY: Final = {
    200: "messages, oldest first",
    404: (ErrorCode.CHANNEL_NOT_FOUND, ErrorCode.MESSAGE_NOT_FOUND),
}
_PIN: Final = {
    200: "the channel",
    403: _NOT_ALLOWED,
    404: _NO_MESSAGE,
    409: _KEY_USED,
    429: [ErrorCode.RATE_LIMITED],
}

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/channels/{channel_id}/messages",
        "List a page of a channel's messages",
        history,
        _HISTORY,
        parameters=(LIMIT, BEFORE, AFTER_SEQ, AROUND),
    ),
    Endpoint(
        "GET",
        "/api/messages/search",
        "Search the messages of all channels that the caller may see",
        search,
        {200: "messages, each with a snippet", 400: [ErrorCode.INVALID_FIELD]},
        parameters=SEARCHED,
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "GET",
        "/api/messages/{channel_id}",
        "List a page of a channel's messages",
        history,
        _HISTORY,
        parameters=(LIMIT, BEFORE, AFTER_SEQ, AROUND),
    ),
    Endpoint(
        "POST",
        "/api/messages",
        "Send a message to a channel",
        post,
        {
            201: "the message",
            400: CONTENT_CODES,
            403: [ErrorCode.READ_ONLY],
            404: _NO_CHANNEL,
            409: [ErrorCode.KEY_CONFLICT],
            422: [ErrorCode.UNSTORABLE],
            429: [ErrorCode.RATE_LIMITED],
        },
        body=PostBody,
        parameters=(KEY,),
    ),
    *revision_endpoints(revise, delete=delete),
    *mention_endpoints(mentions, Places.ALL),
    *forward_endpoints(forward, original, ForwardBody),
    versions_endpoint(versions),
    *note_endpoints(
        mark_unread,
        hide,
        mute,
        place="/api/channels/{channel_id}",
        missing={404: _NO_CHANNEL},
    ),
    Endpoint(
        "POST",
        "/api/messages/{message_id}/read",
        "Mark a message, and those before it, read",
        mark_read,
        {200: "the message", 400: _NO_ID, 404: _NO_MESSAGE},
    ),
    Endpoint(
        "POST",
        "/api/messages/{message_id}/grade",
        "Grade homework; for moderators",
        grade,
        {200: "the message", 401: _NOT_ALLOWED, 404: _NO_MESSAGE, 409: _KEY_USED},
        body=GradeBody,
        parameters=(KEY,),
    ),
    Endpoint(
        "POST",
        "/api/channels/{channel_id}/pin/{message_id}",
        "Pin a message",
        pin,
        _PIN,
        parameters=(KEY,),
    ),
    Endpoint(
        "DELETE",
        "/api/channels/{channel_id}/pin/{message_id}",
        "Unpin a message",
        unpin,
        _PIN,
        parameters=(KEY,),
    ),
    Endpoint(
        "GET",
        "/api/channels/{channel_id}/pinned",
        "List a channel's pinned messages",
        pinned_messages,
        _PINNED,
    ),
    Endpoint(
        "GET",
        "/api/channels/{channel_id}/unread",
        f"Count the unread messages among the newest {UNREAD_AMONG} of a channel",
        unread,
        {200: "the count", 404: _NO_CHANNEL},
    ),
    Endpoint(
        "POST",
        "/api/ai-chat",
        "Ask the assistant",
        ask_assistant,
        {200: "the completion", 500: [ErrorCode.ASSISTANT_UNAVAILABLE]},
        body=DialogueBody,
        costs=(Kind.QUESTIONS, Kind.QUESTIONS_A_DAY),
    ),
)

"""REST beside Socket.IO's `message:*` events, with bearer tokens.

See docs/dialects/channel_messages.md#rest.

Guarantees: a message sent here takes the same way as one sent on a socket; a caller who may not
see a channel learns nothing about its messages.
"""

from collections.abc import Sequence
from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.finding.around import messages_around
from hub.rest.finding.mentions import mention_endpoints, mentions_page
from hub.rest.parameters import AFTER_SEQ, KEY, Text
from hub.rest.replies import CONTENT_CODES, ErrorWording, from_wire
from hub.rest.routes.revisions import (
    Reach,
    VersionObject,
    revised,
    revision_endpoints,
    versions_endpoint,
    versions_of,
)
from persistence.lists import Places
from protocol.commands import PostToChannel
from protocol.dialects.channel_messages.rest import REST, ChannelMessageBody
from protocol.dialects.channel_messages.shapes import (
    MAX_CONTENT_CHARS,
    ChannelMessageObject,
    channel_message_object,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import Channel, ChannelId, Message, MessageId, Posted, User, with_authors
from protocol.parsing.content import check_content
from protocol.shapes.rendering import render_html
from protocol.shapes.uuids import IdKind, MessageUuid, from_uuid, to_uuid

PAGE: Final = 50
MAX_REPLIES: Final = 500
AROUND: Final = Text("around", "only messages around the one with this id", {"format": "uuid"})

_NOT_VISIBLE: Final = ErrorWording(403, ErrorCode.NOT_A_MEMBER, "Unauthorized")
_WORDING: Final = {ErrorCode.CHANNEL_NOT_FOUND: _NOT_VISIBLE}


CURSOR: Final = Text("cursor", "the `nextCursor` of the page before", {"format": "uuid"})


class MessagesObject(TypedDict):
    """Messages, newest first."""

    messages: list[ChannelMessageObject]


class PageObject(TypedDict):
    """A page of a channel. `nextCursor`: leads to the messages before it."""

    messages: list[ChannelMessageObject]
    nextCursor: MessageUuid | None


class RepliesObject(TypedDict):
    """The replies to a message."""

    replies: list[ChannelMessageObject]


async def history(call: Call) -> JSON[PageObject]:
    """A page of a channel, oldest first; `cursor` goes back from there, `after_seq` forward."""
    channel = await channel_in_path(call)
    missed = await call.missed(channel.id, PAGE)
    if missed is not None:
        link = call.next_page(AFTER_SEQ, missed[-1].seq if len(missed) == PAGE else None)
        shown = await _views(call, missed)
        return JSON({"messages": shown, "nextCursor": None}, headers=link)
    if around := call.text(AROUND):
        message_id = from_uuid(IdKind.MESSAGE, around)
        nearby = await messages_around(call, message_id, channel.id, PAGE)
        return JSON({"messages": await _views(call, nearby), "nextCursor": None})
    cursor = call.text(CURSOR)
    before = None
    if cursor:
        before = from_uuid(IdKind.MESSAGE, cursor)
        if before is None:
            raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid cursor")
    page = await call.services.store.messages.channel_page(
        channel.id,
        before=None if before is None else MessageId(before),
        limit=PAGE,
        viewer=call.me,
    )
    more = to_uuid(IdKind.MESSAGE, page[0].id) if len(page) == PAGE else None
    shown = await _views(call, page)
    return JSON({"messages": shown, "nextCursor": more}, headers=call.next_page(CURSOR, more))


async def send(call: Call) -> JSON[ChannelMessageObject]:
    """Send a message to a channel."""
    try:
        body = await call.body(ChannelMessageBody)
        limit = min(call.services.config.max_content_chars, MAX_CONTENT_CHARS)
        content = check_content(body.content, limit)
        key = call.idempotency_key(body.temp_id, field="tempId")
        parent_id = _parent(body.parent_id)
    except WireError as error:
        raise from_wire(error, "Invalid message format") from None
    channel_id = from_uuid(IdKind.CHANNEL, body.channel_id)
    if channel_id is None:
        raise HttpError(403, ErrorCode.NOT_A_MEMBER, "Unauthorized")
    command = PostToChannel(ChannelId(channel_id), content, key=key, parent_id=parent_id)
    posted = await call.carry_out(command, Posted, _WORDING)
    return JSON(_view(call, posted.message, call.user), 201)


def _parent(given: str | None) -> MessageId | None:
    """What a message replies to; whether there is such a message is asked when it is stored.

    Raises:
        WireError: it is no id of a message.
    """
    if given is None:
        return None
    number = from_uuid(IdKind.MESSAGE, given)
    if number is None:
        raise WireError(ErrorCode.INVALID_FIELD, field="parentId")
    return MessageId(number)


_REACH: Final = Reach(content_chars=MAX_CONTENT_CHARS)


async def revise(call: Call) -> JSON[ChannelMessageObject]:
    """Change the message in the path."""
    return JSON(_view(call, *await revised(call, _message_id(call), _REACH)))


async def versions(call: Call) -> JSON[list[VersionObject]]:
    """What the message in the path said before it was edited."""
    return JSON(await versions_of(call, _message_id(call)))


def _message_id(call: Call) -> MessageId | None:
    number = from_uuid(IdKind.MESSAGE, call.request.path_params["message_id"])
    return None if number is None else MessageId(number)


async def mentions(call: Call) -> JSON[MessagesObject]:
    """The messages of all channels that mention the caller, newest first."""
    page, more = await mentions_page(call, Places.ALL)
    return JSON({"messages": await _views(call, page)}, headers=more)


async def replies(call: Call) -> JSON[RepliesObject]:
    """The replies to a message, oldest first."""
    message = await _message(call)
    found = await call.services.store.messages.replies(
        message.id, limit=MAX_REPLIES, viewer=call.me
    )
    return JSON({"replies": await _views(call, found)})


async def _views(call: Call, messages: Sequence[Message]) -> list[ChannelMessageObject]:
    people = await call.services.store.accounts.get_many({each.author_id for each in messages})
    return [_view(call, message, author) for message, author in with_authors(messages, people)]


def _view(call: Call, message: Message, author: User) -> ChannelMessageObject:
    is_rendered = call.services.config.rendered_content
    return channel_message_object(message, author, render_html if is_rendered else None)


async def channel_in_path(call: Call) -> Channel:
    """The channel in the path, which the caller may see.

    Raises:
        HttpError: 403 when there is none, or the caller may not see it.
    """
    number = from_uuid(IdKind.CHANNEL, call.request.path_params["channel_id"])
    access = None
    if number is not None:
        access = await call.services.store.channels.access(call.me, ChannelId(number))
    if access is None or not access.allowed:
        raise HttpError(403, ErrorCode.NOT_A_MEMBER, "Unauthorized")
    return access.channel


async def _message(call: Call) -> Message:
    """The message in the path, which the caller may see.

    Raises:
        HttpError: 404 when there is none, or the caller may not see it.
    """
    message_id, store = _message_id(call), call.services.store
    message = None if message_id is None else await store.messages.get(message_id)
    access = None
    if message is not None:
        access = await store.channels.access(call.me, message.channel_id)
    if message is None or access is None or not access.allowed:
        raise HttpError(404, "message_not_found", "Message not found")
    return message


SURFACE: Final = REST
ENDPOINTS: Final = (
    *revision_endpoints(revise),
    *mention_endpoints(mentions, Places.ALL),
    versions_endpoint(versions),
    Endpoint(
        "GET",
        "/api/messages/channel/{channel_id}",
        "A page of a channel, oldest first",
        history,
        {
            200: "messages",
            400: [ErrorCode.INVALID_FIELD],
            403: [ErrorCode.NOT_A_MEMBER],
            404: [ErrorCode.MESSAGE_NOT_FOUND],
        },
        parameters=(CURSOR, AFTER_SEQ, AROUND),
    ),
    Endpoint(
        "POST",
        "/api/messages",
        "Send a message to a channel",
        send,
        {
            201: "the message",
            400: CONTENT_CODES,
            403: [ErrorCode.NOT_A_MEMBER, ErrorCode.READ_ONLY],
            409: [ErrorCode.KEY_CONFLICT],
            422: [ErrorCode.UNSTORABLE],
            429: [ErrorCode.RATE_LIMITED],
        },
        body=ChannelMessageBody,
        parameters=(KEY,),
    ),
    Endpoint(
        "GET",
        "/api/messages/{message_id}/replies",
        "The replies to a message",
        replies,
        {200: "replies", 404: [ErrorCode.MESSAGE_NOT_FOUND]},
    ),
)

"""REST beside Socket.IO's `message:*` events, with bearer tokens.

See docs/dialects/channel_messages.md#rest.

Guarantees: a message sent here is handled like one sent on a socket; a caller who may not see a
channel learns nothing about its messages.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.finding.around import messages_around
from hub.rest.finding.mentions import mention_endpoints, mentions_page
from hub.rest.parameters import AFTER_SEQ, KEY, Text
from hub.rest.replies import CONTENT_CODES, ErrorWording, from_wire
from hub.rest.routes.forwards import forward_endpoints, message_named, original_of
from hub.rest.routes.notes import hidden, marked_unread, muted, note_endpoints
from hub.rest.routes.revisions import (
    Reach,
    VersionObject,
    revised,
    revision_endpoints,
    versions_endpoint,
    versions_of,
)
from persistence.lists import Places
from protocol.commands import MuteChannel, PostToChannel
from protocol.dialects.channel_messages.notes import (
    HiddenMessageObject,
    NotedChannelObject,
    hidden_message,
    noted_channel,
)
from protocol.dialects.channel_messages.rest import REST, ChannelMessageBody, ForwardBody
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
AROUND: Final = Text("around", "only messages around the one with this id", {"format": "uuid"})

_NOT_VISIBLE: Final = ErrorWording(403, ErrorCode.NOT_A_MEMBER, "Unauthorized")
_WORDING: Final = {ErrorCode.CHANNEL_NOT_FOUND: _NOT_VISIBLE}


CURSOR: Final = Text("cursor", "the `nextCursor` of the previous page", {"format": "uuid"})


class MessagesObject(TypedDict):
    """Messages, newest first."""

    messages: list[ChannelMessageObject]


class PageObject(TypedDict):
    """A page of a channel. `nextCursor`: leads to the messages before it."""

    messages: list[ChannelMessageObject]
    nextCursor: MessageUuid | None


async def history(call: Call) -> JSON[PageObject]:
    """A page of a channel, oldest first; `cursor` goes back from there, `after_seq` forward."""
    channel = await channel_in_path(call)
    missed = await call.missed(channel.id, PAGE)
    if missed is not None:
        link = call.next_page(AFTER_SEQ, missed[-1].seq if len(missed) == PAGE else None)
        shown = await views(call, missed)
        return JSON({"messages": shown, "nextCursor": None}, headers=link)
    if around := call.text(AROUND):
        message_id = from_uuid(IdKind.MESSAGE, around)
        nearby = await messages_around(call, message_id, channel.id, PAGE)
        return JSON({"messages": await views(call, nearby), "nextCursor": None})
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
    shown = await views(call, page)
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
    return JSON(view_of(call, posted.message, call.user), 201)


def _parent(given: str | None) -> MessageId | None:
    """The parent of a message; whether it exists is checked when the message is stored.

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
    return JSON(view_of(call, *await revised(call, message_id_in_path(call), _REACH)))


async def forward(call: Call) -> JSON[ChannelMessageObject]:
    """Send a copy of the message in the path to a channel."""
    message_id = message_named(message_id_in_path(call))
    body = await call.body(ForwardBody)
    channel_id = from_uuid(IdKind.CHANNEL, body.channel_id)
    if channel_id is None:
        raise _NOT_VISIBLE.error()
    key = call.idempotency_key(None, field=KEY.name)
    command = PostToChannel(ChannelId(channel_id), "", key=key, forwards=message_id)
    posted = await call.carry_out(command, Posted, _WORDING)
    return JSON(view_of(call, posted.message, call.user), 201)


async def original(call: Call) -> JSON[ChannelMessageObject]:
    """The original of the message in the path."""
    return JSON(view_of(call, *await original_of(call, message_id_in_path(call))))


async def versions(call: Call) -> JSON[list[VersionObject]]:
    """The earlier versions of the message in the path."""
    return JSON(await versions_of(call, message_id_in_path(call)))


async def mark_unread(call: Call) -> JSON[NotedChannelObject]:
    """Have a message and those after it count as unread for the caller."""
    return JSON(noted_channel(*await marked_unread(call, message_id_in_path(call))))


async def hide(call: Call) -> JSON[HiddenMessageObject]:
    """Hide the message in the path from the caller, or show it again."""
    return JSON(hidden_message(await hidden(call, message_id_in_path(call))))


async def mute(call: Call) -> JSON[NotedChannelObject]:
    """Mute the channel in the path, or unmute it."""
    channel_id = ChannelId(from_uuid(IdKind.CHANNEL, call.request.path_params["channel_id"]) or 0)
    return JSON(noted_channel(*await muted(call, partial(MuteChannel, channel_id), _WORDING)))


def message_id_in_path(call: Call) -> MessageId | None:
    """The message in the path; None: the id is malformed."""
    number = from_uuid(IdKind.MESSAGE, call.request.path_params["message_id"])
    return None if number is None else MessageId(number)


async def mentions(call: Call) -> JSON[MessagesObject]:
    """The messages of all channels that mention the caller, newest first."""
    page, more = await mentions_page(call, Places.ALL)
    return JSON({"messages": await views(call, page)}, headers=more)


async def views(call: Call, messages: Sequence[Message]) -> list[ChannelMessageObject]:
    """Messages as the dialect shows them."""
    people = await call.services.store.accounts.get_many({each.author_id for each in messages})
    return [view_of(call, message, author) for message, author in with_authors(messages, people)]


def view_of(call: Call, message: Message, author: User) -> ChannelMessageObject:
    """A message as the dialect shows it."""
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


SURFACE: Final = REST
ENDPOINTS: Final = (
    *revision_endpoints(revise),
    *mention_endpoints(mentions, Places.ALL),
    *forward_endpoints(forward, original, ForwardBody),
    versions_endpoint(versions),
    *note_endpoints(
        mark_unread,
        hide,
        mute,
        place="/api/channels/{channel_id}",
        missing={403: (ErrorCode.NOT_A_MEMBER,)},
    ),
    Endpoint(
        "GET",
        "/api/messages/channel/{channel_id}",
        "List a page of a channel's messages, oldest first",
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
)

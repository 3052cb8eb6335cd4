"""Private messages over REST. See docs/dialects/private_messages.md#rest.

Guarantees: a message sent here is handled like one sent on `/ws`: permission, commit, then delivery
to everyone who may see it, the sender's connections included.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, NotRequired, TypedDict, TypeVar

from hub.limits.quotas import Kind
from hub.rest import pages
from hub.rest.endpoint import JSON, Call, Endpoint
from hub.rest.finding.around import AROUND, messages_around
from hub.rest.finding.mentions import mention_endpoints, mentions_page
from hub.rest.finding.searching import SEARCHED, found_objects, more_found, search_page
from hub.rest.pages import begin_of_page, next_page
from hub.rest.parameters import AFTER_SEQ, BEFORE_SEQ, KEY, UP_TO_SEQ, Number, Text
from hub.rest.replies import CONTENT_CODES, NO_USER, from_wire
from hub.rest.routes.forwards import forward_endpoints, message_named, original_of
from hub.rest.routes.notes import hidden, marked_unread, muted, note_endpoints
from hub.rest.routes.revisions import Reach, revised, revision_endpoints
from hub.settings.choices import AudienceRule
from persistence.lists import Places, Which
from protocol.answers import Done
from protocol.commands import (
    MarkConversationRead,
    MarkRead,
    MuteConversation,
    SendPrivateMessage,
)
from protocol.dialects.private_messages.notes import (
    ConversationNoteObject,
    HiddenMessageObject,
    MarksObject,
    conversation_note,
    hidden_message,
    marks,
)
from protocol.dialects.private_messages.rest import (
    REST,
    AddressedMessageBody,
    ForwardBody,
    MessageBody,
)
from protocol.dialects.private_messages.shapes import (
    DONE,
    DoneObject,
    ShownMessageObject,
    UserObject,
    message_objects,
    user_object,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID, Message, MessageId, Posted, User, UserId, recipient_of
from protocol.notes import peer_in
from protocol.parsing.content import check_file_url, check_kind
from protocol.shapes.snippets import FoundObject
from protocol.shapes.timestamps import Timestamp, timestamp

T = TypeVar("T")

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
MAX_PAGE: Final = 1_000_000

PAGE: Final = Number(
    "page", "the number of the page; page 1 has the newest messages", 1, 1, MAX_PAGE
)
LIMIT: Final = Number(
    "limit",
    f"the maximum number of messages; by default {DEFAULT_LIMIT}",
    DEFAULT_LIMIT,
    1,
    MAX_LIMIT,
    larger=DEFAULT_LIMIT,
)
MARK_READ: Final = Text(
    "mark_read",
    "whether the last message of the page, and those before it, are marked read; by default only"
    " if the query has no parameters other than `page` and `limit`",
    {"enum": ["true", "false"]},
)


class MentionedPlace(TypedDict):
    """What a conversation has if the caller has unread mentions in it."""

    unread_mentions: NotRequired[int]


class ConversationObject(MarksObject, MentionedPlace):
    """A conversation as one of its two participants sees it."""

    user: UserObject
    unread_count: int
    last_message: str
    last_message_time: Timestamp
    last_seq: int
    last_rev: int
    is_online: bool
    is_request: bool


class CountObject(TypedDict):
    """How many messages are unread."""

    count: int


async def send_to(call: Call) -> JSON[ShownMessageObject]:
    """Send to the user in the path."""
    recipient = call.user_id()
    return await _send(call, recipient, await _body(call, MessageBody))


async def send(call: Call) -> JSON[ShownMessageObject]:
    """Send to the user in the body."""
    body = await _body(call, AddressedMessageBody)
    return await _send(call, body.recipient(), body)


async def _body(call: Call, shape: type[T]) -> T:
    try:
        return await call.body(shape)
    except WireError as error:
        raise from_wire(error, f"Invalid request body: {error.text}") from None


async def _send(call: Call, recipient_id: UserId, body: MessageBody) -> JSON[ShownMessageObject]:
    limit = call.services.config.max_content_chars
    content, key = body.checked(limit, call.text(KEY))
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


_REACH: Final = Reach(only_private=True)


async def revise(call: Call) -> JSON[ShownMessageObject]:
    """Change the message in the path."""
    message, author = await revised(call, _message_id(call), _REACH)
    is_mine = author.id == call.me
    people = await _people(call, recipient_of(message) if is_mine else author.id)
    (shown,) = message_objects([message], people)
    return JSON(shown)


async def forward(call: Call) -> JSON[ShownMessageObject]:
    """Send a copy of the message in the path."""
    message_id, recipient_id = _in_path(call), (await call.body(ForwardBody)).recipient_id
    key = call.idempotency_key(None, field=KEY.name)
    command = SendPrivateMessage(recipient_id, "", key, forwards=message_id)
    posted = await call.carry_out(command, Posted)
    (shown,) = message_objects([posted.message], await _people(call, recipient_id))
    return JSON(shown, 201)


async def original(call: Call) -> JSON[ShownMessageObject]:
    """The original of the message in the path."""
    message, author = await original_of(call, _in_path(call), only_private=True)
    is_mine = author.id == call.me
    people = await _people(call, recipient_of(message) if is_mine else author.id)
    (shown,) = message_objects([message], people)
    return JSON(shown)


def _in_path(call: Call) -> MessageId:
    number = call.path_id("message_id")
    return message_named(None if number is None else MessageId(number))


async def history(call: Call) -> JSON[list[ShownMessageObject]]:
    """A page of the conversation, oldest first. It is marked read if the query has no parameters
    but `page` and `limit`, as the frontends of this dialect expect, or with `mark_read=true`.
    """
    is_marked = _is_marked(call)
    page: Sequence[Message]
    peer_id = call.user_id()
    people = await call.conversation_with(peer_id, NO_USER)
    messages = call.services.store.messages
    limit = call.number(LIMIT)
    if (message_id := call.optional(AROUND)) is not None:
        view = await call.services.store.relations.conversation_view(call.me, peer_id)
        nearby = await messages_around(call, message_id, view.channel_id, limit)
        page = [each for each in nearby if each.recipient_id]
        await _mark(call, page, is_marked)
        return JSON(message_objects(page, people))
    if (after_seq := call.optional(AFTER_SEQ)) is not None:
        page = await messages.conversation_after(call.me, peer_id, after_seq=after_seq, limit=limit)
        more = call.next_page(AFTER_SEQ, page[-1].seq if len(page) == limit else None)
    else:
        page = await messages.conversation_page(
            call.me,
            peer_id,
            before_seq=call.number(BEFORE_SEQ),
            offset=(call.number(PAGE) - 1) * limit,
            limit=limit,
        )
        more = call.next_page(BEFORE_SEQ, page[0].seq if len(page) == limit else None)
    await _mark(call, page, is_marked)
    return JSON(message_objects(page, people), headers=more)


def _is_marked(call: Call) -> bool:
    """Whether the messages that a history shows are marked read.

    Raises:
        WireError: `mark_read` is neither `true` nor `false`.
    """
    match call.text(MARK_READ):
        case None:
            return call.request.query_params.keys() <= {PAGE.name, LIMIT.name}
        case "true":
            return True
        case "false":
            return False
        case _:
            raise WireError(
                ErrorCode.INVALID_FIELD, "mark_read must be true or false", field=MARK_READ.name
            )


async def _mark(call: Call, page: Sequence[Message], is_marked: bool) -> None:  # noqa: FBT001
    if page and is_marked and call.is_shown:
        await call.carry_out(MarkRead(page[-1].id), Done)


async def mark_unread(call: Call) -> JSON[ConversationNoteObject]:
    """Have a message and those after it count as unread for the caller."""
    note, at = await marked_unread(call, _message_id(call), only_private=True)
    return JSON(conversation_note(note, peer_in(note, call.me), at))


async def hide(call: Call) -> JSON[HiddenMessageObject]:
    """Hide the message in the path from the caller, or show it again."""
    note = await hidden(call, _message_id(call), only_private=True)
    return JSON(hidden_message(note, peer_in(note, call.me)))


async def mute(call: Call) -> JSON[ConversationNoteObject]:
    """Mute the conversation with the user in the path, or unmute it."""
    peer_id = call.user_id()
    note, at = await muted(call, partial(MuteConversation, peer_id))
    return JSON(conversation_note(note, peer_id, at))


def _message_id(call: Call) -> MessageId | None:
    number = call.path_id("message_id")
    return None if number is None else MessageId(number)


async def views(call: Call, messages: Sequence[Message]) -> list[ShownMessageObject]:
    """Private messages as the dialect shows them, without those of accounts that are gone."""
    pairs = [(each, {each.author_id, recipient_of(each)}) for each in messages]
    ids = {user_id for _, pair in pairs for user_id in pair}
    people = await call.services.store.accounts.get_many(ids)
    return message_objects([each for each, pair in pairs if pair <= people.keys()], people)


async def search(call: Call) -> JSON[list[FoundObject[ShownMessageObject]]]:
    """A page of the results of a search in my conversations."""
    page = await search_page(call, only_private=True)
    found = await views(call, [each.message for each in page.found])
    shown = {view["id"]: view for view in found}
    return JSON(found_objects(page, shown), headers=more_found(call, page))


async def mentions(call: Call) -> JSON[list[ShownMessageObject]]:
    """The messages of my conversations that mention me, newest first."""
    page, more = await mentions_page(call, Places.CONVERSATIONS)
    peers = await call.services.store.accounts.get_many({each.author_id for each in page})
    people = {**peers, call.me: call.user}
    shown = [each for each in page if each.author_id in people and each.recipient_id == call.me]
    return JSON(message_objects(shown, people), headers=more)


async def mark_read(call: Call) -> JSON[DoneObject]:
    """Mark the other side's messages read, up to a seq or all that there are now."""
    await call.carry_out(MarkConversationRead(call.user_id(), call.number(UP_TO_SEQ)), Done)
    return JSON(DONE)


async def conversations(call: Call) -> JSON[list[ConversationObject]]:
    """My conversations, newest first, message requests among them."""
    return await listed(call, Which.ALL)


async def listed(call: Call, which: Which) -> JSON[list[ConversationObject]]:
    """A page of the caller's conversations, newest first."""
    found = await call.services.store.lists.conversations(
        call.me, which, before=begin_of_page(call, MAX_ID), limit=call.number(pages.LIMIT)
    )
    online, now = await _visibly_online(call), datetime.now(UTC)
    mentions = await call.services.store.mentions.unread(call.me, Places.CONVERSATIONS)
    shown: list[ConversationObject] = [
        {
            "user": user_object(each.peer),
            "unread_count": each.unread_count,
            "last_message": each.last_message.content,
            "last_message_time": timestamp(each.last_message.created_at),
            "last_seq": each.last_seq,
            "last_rev": each.last_rev,
            "is_online": each.peer.id in online,
            "is_request": each.is_request,
            **marks(each.unread_from, each.mute, now),
            **_mentioned(mentions.get(each.channel_id, 0)),
        }
        for each in found
    ]
    return JSON(shown, headers=next_page(call, found, lambda each: each.last_id))


def _mentioned(unread: int) -> MentionedPlace:
    return {"unread_mentions": unread} if unread else {}


async def unread_count(call: Call) -> JSON[CountObject]:
    """How many messages I have not read, but for those of muted and archived conversations."""
    return JSON({"count": await call.services.store.lists.unread_count(call.me)})


async def online_users(call: Call) -> JSON[list[UserObject]]:
    """The other users who are online and whose presence I may see."""
    online = sorted(await _visibly_online(call))
    users = await call.services.store.accounts.get_many(online)
    return JSON([user_object(users[user_id]) for user_id in online if user_id in users])


async def _visibly_online(call: Call) -> frozenset[UserId]:
    presence, relations = call.services.presence, call.services.store.relations
    if call.services.config.presence_audience is AudienceRule.EVERYONE:
        hidden = (await relations.blocked_either_way([call.me]))[call.me]
        return presence.online() - hidden - {call.me}
    # The relation is symmetric: the caller's audience are the users whose presence they may see.
    audience = (await relations.presence_audience([call.me])).get(call.me, frozenset())
    return frozenset(filter(presence.is_online, audience - {call.me}))


async def _people(call: Call, peer_id: UserId) -> dict[UserId, User]:
    """Both sides of a conversation.

    Raises:
        HttpError: 404 when the peer does not exist.
    """
    peer = await call.services.store.accounts.get(peer_id)
    if peer is None:
        raise NO_USER.error()
    return {call.me: call.session.user, peer_id: peer}


_SENT: Final = {
    201: "the stored message",
    400: (*CONTENT_CODES, ErrorCode.CANNOT_MESSAGE_SELF),
    403: (ErrorCode.NOT_ALLOWED,),
    404: (ErrorCode.RECIPIENT_NOT_FOUND,),
    409: (ErrorCode.KEY_CONFLICT,),
    422: (ErrorCode.UNSTORABLE,),
    429: (ErrorCode.RATE_LIMITED,),
}
_NO_ID: Final = (ErrorCode.INVALID_FIELD,)

SURFACE: Final = REST
ENDPOINTS: Final = (
    *revision_endpoints(revise),
    *mention_endpoints(mentions, Places.CONVERSATIONS),
    *forward_endpoints(forward, original, ForwardBody),
    *note_endpoints(
        mark_unread,
        hide,
        mute,
        place="/api/messages/{user_id}",
        missing={404: (ErrorCode.CONVERSATION_NOT_FOUND,)},
    ),
    Endpoint(
        "GET",
        "/api/messages/conversations",
        "List the caller's conversations, newest first",
        conversations,
        {200: "a list"},
        parameters=pages.PAGED,
    ),
    Endpoint(
        "GET",
        "/api/messages/unread-count",
        "Count the unread messages, without muted and archived conversations",
        unread_count,
        {200: "the count"},
    ),
    Endpoint(
        "GET",
        "/api/messages/search",
        "Search the messages of the caller's conversations",
        search,
        {200: "messages, each with a snippet", 400: [ErrorCode.INVALID_FIELD]},
        parameters=SEARCHED,
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "GET",
        "/api/messages/{user_id}",
        "List a page of a conversation, oldest first; may mark it read, see `mark_read`",
        history,
        {
            200: "messages",
            400: _NO_ID,
            403: [ErrorCode.NOT_ALLOWED],
            404: ["user_not_found", ErrorCode.MESSAGE_NOT_FOUND],
        },
        parameters=(PAGE, LIMIT, BEFORE_SEQ, AFTER_SEQ, AROUND, MARK_READ),
    ),
    Endpoint(
        "POST",
        "/api/messages/{user_id}",
        "Send a message",
        send_to,
        _SENT,
        body=MessageBody,
        parameters=(KEY,),
    ),
    Endpoint(
        "POST",
        "/api/messages",
        "Send a message",
        send,
        _SENT,
        body=AddressedMessageBody,
        parameters=(KEY,),
    ),
    Endpoint(
        "PUT",
        "/api/messages/{user_id}/read",
        "Mark the other participant's messages read",
        mark_read,
        {200: "done", 400: _NO_ID},
        parameters=(UP_TO_SEQ,),
    ),
    Endpoint(
        "GET",
        "/api/users/online",
        "List the other users that are online and whose presence the caller may see",
        online_users,
        {200: "a list"},
    ),
)

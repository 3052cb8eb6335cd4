"""The messenger's REST, below `/api/messagepal` and `/api/message`.

See docs/dialects/messenger.md#rest.

Guarantees: every user id in a path, query or body must be the session's, and every conversation
the caller's own; else 403.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NotRequired, TypedDict

from hub.rest import pages
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.finding.around import AROUND, messages_around
from hub.rest.finding.mentions import mention_endpoints, mentions_page
from hub.rest.pages import begin_of_page, next_page
from hub.rest.parameters import AFTER_SEQ, BEFORE_SEQ, KEY, Number, Text
from hub.rest.replies import CONTENT_CODES, ErrorWording
from hub.rest.routes.revisions import Reach, revised, revision_endpoints
from persistence.lists import Places, Which
from persistence.records import Conversation
from protocol.answers import Done
from protocol.commands import HideConversation, MarkRead, SendPrivateMessage
from protocol.dialects.messenger.conversations import (
    ConversationName,
    conversation_id,
    parse_conversation_id,
    parse_message_id,
)
from protocol.dialects.messenger.rest import REST, BetweenBody, MessengerPostBody, MessengerReadBody
from protocol.dialects.messenger.shapes import (
    ConversationMessageObject,
    conversation_message_object,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID, ChannelId, Message, Posted, Role, User, UserId, with_authors
from protocol.parsing.content import check_content, check_file_url, check_kind

PREFIXES: Final = ("/api/messagepal", "/api/message")
DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
_NO_USER: Final = "User ID is required"
_NO_CONVERSATION: Final = ErrorWording(404, "conversation_not_found", "Conversation not found")
USER_ID: Final = Number(
    "userId", "the caller", default=0, low=1, is_required=True, refusal=_NO_USER
)
LIMIT: Final = Number(
    "limit",
    f"how many messages; otherwise {DEFAULT_LIMIT}",
    DEFAULT_LIMIT,
    1,
    MAX_LIMIT,
    larger=MAX_LIMIT,
)
CONVERSATION: Final = Text(
    "conversationId", "the message's conversation", {"minLength": 1}, is_required=True
)
_REQUIRED: Final = (
    "Missing required fields: conversationId, senderId, senderName, recipientId, content"
)


class ParticipantObject(TypedDict):
    """A user in a conversation."""

    id: UserId
    name: str
    role: Role
    avatar: NotRequired[str]


class ConversationObject(TypedDict):
    """A conversation as one of its two people sees it."""

    id: ConversationName
    participants: list[ParticipantObject]
    lastMessage: ConversationMessageObject
    unreadCount: int
    lastRev: int
    unreadMentions: NotRequired[int]


class DetailedConversationObject(ConversationObject):
    """A conversation, with who its people are by their ids."""

    participantIds: list[UserId]
    participantNames: dict[str, str]
    participantRoles: dict[str, Role]
    isArchived: bool


class NamedConversationObject(TypedDict):
    """Which conversation two users have."""

    conversationId: ConversationName


class SuccessObject(TypedDict):
    """The call was carried out; there is nothing to show."""

    success: Literal[True]


class UnreadObject(TypedDict):
    """How many messages are unread."""

    unreadCount: int


def _bad(text: str) -> HttpError:
    return HttpError(400, ErrorCode.INVALID_FIELD, text)


def _require_me(call: Call, user_id: UserId) -> None:
    if user_id != call.me:
        raise HttpError(403, ErrorCode.NOT_ALLOWED, "Access denied")


def _peer(call: Call, conversation: str) -> UserId:
    """The other side of one of the caller's conversations.

    Raises:
        HttpError: 404 when there can be no such conversation, 403 when the caller is not in it.
    """
    pair = parse_conversation_id(conversation)
    if pair is None:
        raise _NO_CONVERSATION.error()
    if call.me not in pair:
        raise HttpError(403, ErrorCode.NOT_ALLOWED, "Access denied")
    low, high = pair
    return high if call.me == low else low


async def conversations(call: Call) -> JSON[list[ConversationObject]]:
    """The caller's conversations, newest first, without the archived ones."""
    found = await _page(call, Which.UNARCHIVED)
    unread = await call.services.store.mentions.unread(call.me, Places.CONVERSATIONS)
    return JSON([_summary(call.user, each, unread) for each in found], headers=_more(call, found))


async def conversations_of(call: Call) -> JSON[list[DetailedConversationObject]]:
    """The caller's conversations with more detail, archived ones included."""
    _require_me(call, call.user_id())
    found = await _page(call, Which.ALL)
    unread = await call.services.store.mentions.unread(call.me, Places.CONVERSATIONS)
    return JSON([_detailed(call.user, each, unread) for each in found], headers=_more(call, found))


async def _page(call: Call, which: Which) -> Sequence[Conversation]:
    return await call.services.store.lists.conversations(
        call.me, which, before=begin_of_page(call, MAX_ID), limit=call.number(pages.LIMIT)
    )


def _more(call: Call, page: Sequence[Conversation]) -> Mapping[str, str]:
    return next_page(call, page, lambda each: each.last_id)


def _summary(
    me: User, conversation: Conversation, mentions: Mapping[ChannelId, int]
) -> ConversationObject:
    people = {me.id: me, conversation.peer.id: conversation.peer}
    last = conversation.last_message
    view: ConversationObject = {
        "id": conversation_id(me.id, conversation.peer.id),
        "participants": [_participant(user) for user in people.values()],
        "lastMessage": conversation_message_object(last, people[last.author_id]),
        "unreadCount": conversation.unread_count,
        "lastRev": conversation.last_rev,
    }
    if conversation.channel_id in mentions:
        view["unreadMentions"] = mentions[conversation.channel_id]
    return view


def _participant(user: User) -> ParticipantObject:
    view: ParticipantObject = {"id": user.id, "name": user.name, "role": user.role}
    if user.avatar is not None:
        view["avatar"] = user.avatar
    return view


def _detailed(
    me: User, conversation: Conversation, mentions: Mapping[ChannelId, int]
) -> DetailedConversationObject:
    people = (me, conversation.peer)
    return {
        **_summary(me, conversation, mentions),
        "participantIds": [user.id for user in people],
        "participantNames": {str(user.id): user.name for user in people},
        "participantRoles": {str(user.id): user.role for user in people},
        "isArchived": conversation.is_archived,
    }


async def mentions(call: Call) -> JSON[list[ConversationMessageObject]]:
    """The messages of the caller's conversations that mention them, newest first."""
    page, more = await mentions_page(call, Places.CONVERSATIONS)
    people = await call.services.store.accounts.get_many({each.author_id for each in page})
    shown = [(message, author) for message, author in with_authors(page, people)]
    return JSON(
        [conversation_message_object(*each) for each in shown if each[0].recipient_id],
        headers=more,
    )


async def history(call: Call) -> JSON[list[ConversationMessageObject]]:
    """A conversation's messages, newest first; with `after_seq` or `around`, those after or around
    it, oldest first.
    """
    number = call.number(USER_ID)
    if not number:
        raise _bad(_NO_USER)
    _require_me(call, UserId(number))
    peer = _peer(call, call.request.path_params["conversation_id"])
    limit = call.number(LIMIT)
    people = await call.conversation_with(peer, _NO_CONVERSATION)
    messages = call.services.store.messages
    page: Sequence[Message]
    more: Mapping[str, str] = {}
    if (message_id := call.optional(AROUND)) is not None:
        (view,) = await call.services.store.relations.peer_views([(call.me, peer)])
        nearby = await messages_around(call, message_id, view.channel_id, limit)
        page = [each for each in nearby if each.recipient_id is not None]
    elif (after := call.optional(AFTER_SEQ)) is not None:
        page = await messages.conversation_after(call.me, peer, after_seq=after, limit=limit)
        more = call.next_page(AFTER_SEQ, page[-1].seq if len(page) == limit else None)
    else:
        before = call.number(BEFORE_SEQ)
        page = await messages.conversation_page(call.me, peer, before_seq=before, limit=limit)
        more = call.next_page(BEFORE_SEQ, page[0].seq if len(page) == limit else None)
        page = page[::-1]
    shown = [conversation_message_object(*each) for each in with_authors(page, people)]
    return JSON(shown, headers=more)


async def between_users(call: Call) -> JSON[NamedConversationObject]:
    """The id of the conversation of two users, one of whom is the caller."""
    try:
        body = await call.body(BetweenBody)
    except WireError:
        body = BetweenBody()
    if body.user_id1 is None or body.user_id2 is None:
        raise _bad("Both user IDs are required")
    if call.me not in (body.user_id1, body.user_id2):
        raise HttpError(403, ErrorCode.NOT_ALLOWED, "Access denied")
    if body.user_id1 == body.user_id2:
        raise _bad("Both user IDs are required")
    return JSON({"conversationId": conversation_id(body.user_id1, body.user_id2)})


async def archive(call: Call) -> JSON[SuccessObject]:
    """Hide a conversation from the caller's list until there is a newer message."""
    _require_me(call, call.user_id())
    peer = _peer(call, call.request.path_params["conversation_id"])
    await call.carry_out(HideConversation(peer), Done)
    return JSON({"success": True})


async def show_message(call: Call) -> JSON[ConversationMessageObject]:
    """One message of one of the caller's conversations."""
    conversation = call.text(CONVERSATION)
    if not conversation:
        raise _bad("Conversation ID is required")
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
    peer = _peer(call, conversation)
    people = await call.conversation_with(peer, _NO_CONVERSATION)
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
        raise _bad(f"{_REQUIRED} ({error.text})") from None
    if not (body.conversation_id and body.sender_id and body.sender_name and body.recipient_id):
        raise _bad(_REQUIRED)
    if not body.content:
        raise _bad(_REQUIRED)
    _require_me(call, body.sender_id)
    if body.conversation_id != conversation_id(body.sender_id, body.recipient_id):
        raise _bad("conversationId does not belong to senderId and recipientId")
    try:
        kind = check_kind(body.message_type, field="messageType")
    except WireError as error:
        raise _bad(error.text) from None
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


async def mark_read(call: Call) -> JSON[SuccessObject]:
    """Mark a message, and those before it, read."""
    try:
        body = await call.body(MessengerReadBody)
    except WireError:
        body = MessengerReadBody()
    if not body.conversation_id or body.user_id is None:
        raise _bad("Conversation ID and User ID are required")
    _require_me(call, body.user_id)
    message, _ = await _message(call, body.conversation_id, even_deleted=True)
    await call.carry_out(MarkRead(message.id), Done)
    return JSON({"success": True})


async def unread_count(call: Call) -> JSON[UnreadObject]:
    """How many private messages the caller has not read."""
    _require_me(call, call.user_id())
    lists = call.services.store.lists
    return JSON({"unreadCount": await lists.unread_count(call.me, with_archived=False)})


_INVALID: Final = (ErrorCode.INVALID_FIELD,)
_NOT_MINE: Final = (ErrorCode.NOT_ALLOWED,)
_MISSING: Final = (_NO_CONVERSATION.code,)
_NO_MESSAGE: Final = (*_MISSING, "message_not_found")
_NAMED: Final = {"conversation_id": ConversationName}


def _endpoints(prefix: str) -> tuple[Endpoint, ...]:
    return (
        *revision_endpoints(revise, f"{prefix}/messages"),
        *mention_endpoints(mentions, Places.CONVERSATIONS, prefix),
        Endpoint(
            "GET",
            f"{prefix}/conversations",
            "My conversations",
            conversations,
            {200: "a list"},
            parameters=pages.PAGED,
        ),
        Endpoint(
            "GET",
            f"{prefix}/conversations/{{user_id}}",
            "My conversations in detail",
            conversations_of,
            {200: "a list", 400: _INVALID, 403: _NOT_MINE},
            parameters=pages.PAGED,
        ),
        Endpoint(
            "GET",
            f"{prefix}/conversations/{{conversation_id}}/history",
            "A conversation, newest first",
            history,
            {200: "messages", 400: _INVALID, 403: _NOT_MINE, 404: _MISSING},
            parameters=(USER_ID, LIMIT, BEFORE_SEQ, AFTER_SEQ, AROUND),
            path_types=_NAMED,
        ),
        Endpoint(
            "POST",
            f"{prefix}/conversations/between-users",
            "The id of a conversation",
            between_users,
            {200: "its id", 403: _NOT_MINE},
            body=BetweenBody,
        ),
        Endpoint(
            "DELETE",
            f"{prefix}/conversations/{{conversation_id}}/users/{{user_id}}",
            "Hide a conversation from my list",
            archive,
            {200: "done", 400: _INVALID, 403: _NOT_MINE, 404: _MISSING},
            path_types=_NAMED,
        ),
        Endpoint(
            "GET",
            f"{prefix}/messages/{{message_id}}",
            "A message",
            show_message,
            {200: "it", 400: _INVALID, 403: _NOT_MINE, 404: _NO_MESSAGE},
            parameters=(CONVERSATION,),
        ),
        Endpoint(
            "POST",
            f"{prefix}/messages",
            "Send a message",
            send,
            {
                201: "it",
                400: (*CONTENT_CODES, ErrorCode.CANNOT_MESSAGE_SELF),
                403: _NOT_MINE,
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
            "Mark read",
            mark_read,
            {200: "done", 403: _NOT_MINE, 404: _NO_MESSAGE},
            body=MessengerReadBody,
        ),
        Endpoint(
            "GET",
            f"{prefix}/users/{{user_id}}/unread-count",
            "How many I have not read",
            unread_count,
            {200: "a count", 400: _INVALID, 403: _NOT_MINE},
        ),
    )


SURFACE: Final = REST
ENDPOINTS: Final = tuple(endpoint for prefix in PREFIXES for endpoint in _endpoints(prefix))

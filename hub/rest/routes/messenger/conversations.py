"""Conversations over REST, as the messenger spells them. See docs/dialects/messenger.md#rest.

Guarantees: see `hub.rest.routes.messenger.access`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NotRequired, TypedDict

from hub.rest import pages
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.finding.around import AROUND, messages_around
from hub.rest.finding.mentions import mention_endpoints, mentions_page
from hub.rest.pages import begin_of_page, next_page
from hub.rest.parameters import AFTER_SEQ, BEFORE_SEQ, Number
from hub.rest.routes.messenger.access import (
    INVALID,
    MISSING,
    NAMED,
    NO_CONVERSATION,
    NO_USER,
    NOT_MINE,
    PREFIXES,
    USER_ID,
    SuccessObject,
    bad,
    peer_in_path,
    require_me,
)
from persistence.lists import Places, Which
from persistence.records import Conversation
from protocol.answers import Done
from protocol.commands import HideConversation
from protocol.dialects.messenger.conversations import (
    ConversationName,
    conversation_id,
)
from protocol.dialects.messenger.rest import (
    REST,
    BetweenBody,
)
from protocol.dialects.messenger.shapes import (
    ConversationMessageObject,
    conversation_message_object,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID, ChannelId, Message, Role, User, UserId, with_authors
from protocol.shapes.mentions import MentionedPlace, mentioned_place
from protocol.shapes.notes import MarksObject, marks_object

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
LIMIT: Final = Number(
    "limit",
    f"the maximum number of messages; by default {DEFAULT_LIMIT}",
    DEFAULT_LIMIT,
    1,
    MAX_LIMIT,
    larger=MAX_LIMIT,
)


class ParticipantObject(TypedDict):
    """A user in a conversation."""

    id: UserId
    name: str
    role: Role
    avatar: NotRequired[str]


class ConversationObject(MarksObject, MentionedPlace):
    """A conversation as one of its two participants sees it."""

    id: ConversationName
    participants: list[ParticipantObject]
    lastMessage: ConversationMessageObject
    unreadCount: int
    lastRev: int


class DetailedConversationObject(ConversationObject):
    """A conversation, with the names and roles of its participants by their ids."""

    participantIds: list[UserId]
    participantNames: dict[str, str]
    participantRoles: dict[str, Role]
    isArchived: bool


class NamedConversationObject(TypedDict):
    """The id of the conversation of two users."""

    conversationId: ConversationName


class UnreadObject(TypedDict):
    """How many messages are unread."""

    unreadCount: int


async def conversations(call: Call) -> JSON[list[ConversationObject]]:
    """The caller's conversations, newest first, without the archived ones."""
    found = await _page(call, Which.UNARCHIVED)
    unread = await call.services.store.mentions.unread(call.me, Places.CONVERSATIONS)
    return JSON([_summary(call.user, each, unread) for each in found], headers=_more(call, found))


async def conversations_of(call: Call) -> JSON[list[DetailedConversationObject]]:
    """The caller's conversations with more detail, archived ones included."""
    require_me(call, call.user_id())
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
    return {
        "id": conversation_id(me.id, conversation.peer.id),
        "participants": [_participant(user) for user in people.values()],
        "lastMessage": conversation_message_object(last, people[last.author_id]),
        "unreadCount": conversation.unread_count,
        "lastRev": conversation.last_rev,
        **marks_object(conversation.unread_from, conversation.mute, datetime.now(UTC)),
        **mentioned_place(mentions.get(conversation.channel_id, 0)),
    }


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
    shown = [each for each in with_authors(page, people) if each[0].recipient_id]
    return JSON([conversation_message_object(*each) for each in shown], headers=more)


async def history(call: Call) -> JSON[list[ConversationMessageObject]]:
    """A conversation's messages, newest first; with `after_seq` or `around`, those after or around
    it, oldest first.
    """
    number = call.number(USER_ID)
    if not number:
        raise bad(NO_USER)
    require_me(call, UserId(number))
    peer = peer_in_path(call, call.request.path_params["conversation_id"])
    limit = call.number(LIMIT)
    people = await call.conversation_with(peer, NO_CONVERSATION)
    messages = call.services.store.messages
    page: Sequence[Message]
    more: Mapping[str, str] = {}
    if (message_id := call.optional(AROUND)) is not None:
        view = await call.services.store.relations.conversation_view(call.me, peer)
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
        raise bad("Both user IDs are required")
    if call.me not in (body.user_id1, body.user_id2):
        raise HttpError(403, ErrorCode.NOT_ALLOWED, "Access denied")
    if body.user_id1 == body.user_id2:
        raise bad("Both user IDs are required")
    return JSON({"conversationId": conversation_id(body.user_id1, body.user_id2)})


async def archive(call: Call) -> JSON[SuccessObject]:
    """Hide a conversation from the caller's list until there is a newer message."""
    require_me(call, call.user_id())
    peer = peer_in_path(call, call.request.path_params["conversation_id"])
    await call.carry_out(HideConversation(peer), Done)
    return JSON({"success": True})


async def unread_count(call: Call) -> JSON[UnreadObject]:
    """How many private messages the caller has not read, but for those of muted and archived
    conversations.
    """
    require_me(call, call.user_id())
    lists = call.services.store.lists
    return JSON({"unreadCount": await lists.unread_count(call.me)})


def _endpoints(prefix: str) -> tuple[Endpoint, ...]:
    return (
        *mention_endpoints(mentions, Places.CONVERSATIONS, prefix),
        Endpoint(
            "GET",
            f"{prefix}/conversations",
            "List the caller's conversations, without archived ones",
            conversations,
            {200: "a list"},
            parameters=pages.PAGED,
        ),
        Endpoint(
            "GET",
            f"{prefix}/conversations/{{user_id}}",
            "List the caller's conversations in detail, with archived ones",
            conversations_of,
            {200: "a list", 400: INVALID, 403: NOT_MINE},
            parameters=pages.PAGED,
        ),
        Endpoint(
            "GET",
            f"{prefix}/conversations/{{conversation_id}}/history",
            "List a page of a conversation, newest first",
            history,
            {200: "messages", 400: INVALID, 403: NOT_MINE, 404: MISSING},
            parameters=(USER_ID, LIMIT, BEFORE_SEQ, AFTER_SEQ, AROUND),
            path_types=NAMED,
        ),
        Endpoint(
            "POST",
            f"{prefix}/conversations/between-users",
            "Show the id of the conversation of the caller and another user",
            between_users,
            {200: "the id", 403: NOT_MINE},
            body=BetweenBody,
        ),
        Endpoint(
            "DELETE",
            f"{prefix}/conversations/{{conversation_id}}/users/{{user_id}}",
            "Hide a conversation from the caller's list",
            archive,
            {200: "done", 400: INVALID, 403: NOT_MINE, 404: MISSING},
            path_types=NAMED,
        ),
        Endpoint(
            "GET",
            f"{prefix}/users/{{user_id}}/unread-count",
            "Count the unread messages, without muted and archived conversations",
            unread_count,
            {200: "the count", 400: INVALID, 403: NOT_MINE},
        ),
    )


SURFACE: Final = REST
ENDPOINTS: Final = tuple(endpoint for prefix in PREFIXES for endpoint in _endpoints(prefix))

"""Channels and dms in one list, as the learning platform's page of messages shows them. See
docs/dialects/learning_chat.md#rest.

Guarantees: channels and dms that the caller may not join are not listed.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.pages import LIMIT, PAGED, begin_of_page, next_page
from hub.rest.parameters import UP_TO_SEQ
from hub.rest.routes.learning_chat.accounts import MessageObject
from hub.rest.routes.learning_chat.channels import accessible
from hub.rest.routes.learning_chat.messages import UNREAD_AMONG
from persistence.records import ChannelHead, Span
from protocol.answers import Done
from protocol.commands import MarkRead
from protocol.dialects.learning_chat.rest import REST
from protocol.errors import ErrorCode
from protocol.model import MAX_ID, Channel, ChannelKind, MessageId, Role, User, UserId, WorkspaceId
from protocol.shapes.mentions import MentionedPlace
from protocol.shapes.notes import MarksObject, marks_of

MAX_PARTICIPANTS: Final = 100
"""How many participants of a channel are shown: those who joined first."""

_Category: TypeAlias = Literal["announcement", "class", "friend"]
_CATEGORY: Final[Mapping[ChannelKind, _Category]] = {
    ChannelKind.ANNOUNCEMENT: "announcement",
    ChannelKind.TEXT: "class",
    ChannelKind.DM: "friend",
}


class ParticipantObject(TypedDict):
    """A user in a conversation."""

    id: UserId
    name: str
    role: Role
    avatar: NotRequired[str]


class ConversationObject(MarksObject, MentionedPlace):
    """A channel, or a dm, which has the name of the other person. `isReadOnly`: the caller may not
    write there. `lastSeq` and `lastRev`: of the newest message and the last revision, or 0.
    """

    id: str
    name: str
    category: _Category
    isGroup: bool
    isReadOnly: bool
    participants: list[ParticipantObject]
    unreadCount: int
    lastSeq: int
    lastRev: int
    subject: NotRequired[str]


async def list_conversations(call: Call) -> JSON[list[ConversationObject]]:
    """The caller's channels and dms, oldest first."""
    store = call.services.store
    heads = await store.lists.channels(
        call.me, after=begin_of_page(call, 0), limit=call.number(LIMIT)
    )
    channels = [head.channel for head in heads]
    ids = [channel.id for channel in channels]
    newest = await store.lists.newest(call.me, ids, among=UNREAD_AMONG)
    unread = {channel_id: each.unread_count for channel_id, each in newest.items()}
    unread |= await store.lists.unread_in(call.me, ids)
    members = {each.id: each.members for each in await store.workspaces.of_user(call.me)}
    writable = await store.lists.writable(call.me, ids)
    notes, now = await store.notes.of_channels(call.me, ids), datetime.now(UTC)
    people = {channel.id: _people(channel, members) for channel in channels}
    users = await store.accounts.get_many({who for ids in people.values() for who in ids})
    mentions = await store.mentions.unread(call.me)
    return JSON(
        [
            _conversation(
                call.me,
                head,
                [users[who] for who in people[head.channel.id] if who in users],
                unread.get(head.channel.id, 0),
                mentions.get(head.channel.id, 0),
                marks_of(notes.get(head.channel.id), now),
                is_read_only=head.channel.id not in writable,
            )
            for head in heads
        ],
        headers=next_page(call, heads, lambda head: head.channel.id),
    )


def _people(
    channel: Channel, members: Mapping[WorkspaceId, tuple[UserId, ...]]
) -> tuple[UserId, ...]:
    if channel.pair is not None:
        return channel.pair
    if channel.workspace_id is None:
        return ()
    return members.get(channel.workspace_id, ())[:MAX_PARTICIPANTS]


def _conversation(
    me: UserId,
    head: ChannelHead,
    people: Iterable[User],
    unread_count: int,
    unread_mentions: int,
    marks: MarksObject,
    *,
    is_read_only: bool,
) -> ConversationObject:
    channel, people = head.channel, list(people)
    peers = [user.name for user in people if user.id != me]
    is_group = channel.pair is None
    view: ConversationObject = {
        "id": str(channel.id),
        "name": channel.name if is_group or not peers else peers[0],
        "category": _CATEGORY[channel.kind],
        "isGroup": is_group,
        "isReadOnly": is_read_only,
        "participants": [_participant(user) for user in people],
        "unreadCount": unread_count,
        "unreadFrom": marks["unreadFrom"],
        "isMuted": marks["isMuted"],
        "mutedUntil": marks["mutedUntil"],
        "lastSeq": head.last_seq,
        "lastRev": head.last_rev,
    }
    if unread_mentions:
        view["unreadMentions"] = unread_mentions
    if channel.subject is not None:
        view["subject"] = channel.subject
    return view


def _participant(user: User) -> ParticipantObject:
    view: ParticipantObject = {"id": user.id, "name": user.name, "role": user.role}
    if user.avatar is not None:
        view["avatar"] = user.avatar
    return view


async def mark_read(call: Call) -> JSON[MessageObject]:
    """Mark a conversation read, up to a seq or as a whole."""
    number = call.path_id("channel_id")
    if number is None:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid conversation ID")
    channel = await accessible(call, number)
    messages, before = call.services.store.messages, MessageId(MAX_ID)
    above = Span(channel.id, call.number(UP_TO_SEQ), MAX_ID)
    for unread in await messages.in_spans(call.me, [above], limit=1):
        before = unread.id
    for newest in await messages.channel_page(channel.id, before=before, limit=1, viewer=call.me):
        await call.carry_out(MarkRead(newest.id), Done)
    return JSON({"message": "Marked as read"})


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/chat/conversations",
        "List the caller's channels and dms",
        list_conversations,
        {200: "a list"},
        parameters=PAGED,
    ),
    Endpoint(
        "POST",
        "/api/chat/conversations/{channel_id}/read",
        "Mark a conversation read",
        mark_read,
        {
            200: "done",
            400: (ErrorCode.INVALID_FIELD,),
            404: (ErrorCode.CHANNEL_NOT_FOUND,),
        },
        parameters=(UP_TO_SEQ,),
    ),
)

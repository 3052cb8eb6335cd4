"""All channels of a user at once. See docs/dialects/learning_chat.md#rest.

Guarantees: what a list of channels shows of each of them is known after one request.
"""

from typing import Final, NotRequired, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint
from hub.rest.pages import LIMIT, PAGED, begin_of_page, next_page
from hub.rest.routes.learning_chat.messages import UNREAD_AMONG, views
from persistence.lists import Places
from persistence.records import ChannelHead, Newest
from protocol.dialects.learning_chat.rest import REST
from protocol.shapes.learning_platform import ChannelObject, ChatMessageObject, channel_object


class ChannelState(TypedDict):
    """How far a channel has got, and how much of it the caller has not read."""

    lastSeq: int
    lastRev: int
    unreadCount: int
    unreadMentions: NotRequired[int]


class ListedChannelObject(ChannelObject, ChannelState):
    """A channel of the list."""

    lastMessage: ChatMessageObject | None


async def list_channels_of_mine(call: Call) -> JSON[list[ListedChannelObject]]:
    """The channels of the caller's workspaces: how far each has got, and how far the caller has."""
    lists = call.services.store.lists
    heads = await lists.channels(
        call.me, Places.IN_WORKSPACES, after=begin_of_page(call, 0), limit=call.number(LIMIT)
    )
    ids = [head.channel.id for head in heads]
    newest = await lists.newest(call.me, ids, among=UNREAD_AMONG)  # may be later by now
    shown = await views(call, [each.message for each in newest.values()])
    mentions = await call.services.store.mentions.unread(call.me, Places.IN_WORKSPACES)
    messages = dict(zip(newest, shown, strict=True))
    return JSON(
        [
            {
                **channel_object(head.channel),
                **_state(head, newest.get(head.channel.id)),
                **_mentions(mentions.get(head.channel.id, 0)),
                "lastMessage": messages.get(head.channel.id),
            }
            for head in heads
            if head.channel.workspace_id is not None
        ],
        headers=next_page(call, heads, lambda head: head.channel.id),
    )


def _state(head: ChannelHead, newest: Newest | None) -> ChannelState:
    """Up to `lastSeq` everything is in what is listed, so it is what a client resumes after."""
    if newest is None:
        return {"lastSeq": head.last_seq, "lastRev": head.last_rev, "unreadCount": 0}
    last_seq = max(head.last_seq, newest.message.seq)
    unread = newest.unread_count
    return {"lastSeq": last_seq, "lastRev": head.last_rev, "unreadCount": unread}


class _Mentions(TypedDict):
    unreadMentions: NotRequired[int]


def _mentions(unread: int) -> _Mentions:
    return {"unreadMentions": unread} if unread else {}


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/users/me/channels",
        "The channels of my workspaces, each with its newest message and what is unread",
        list_channels_of_mine,
        {200: "a list"},
        parameters=PAGED,
    ),
)

"""All channels of a user at once. See docs/dialects/learning_chat.md#rest.

Guarantees: one request returns all that a client needs to show a list of channels.
"""

from datetime import UTC, datetime
from typing import Final

from hub.rest.endpoint import JSON, Call, Endpoint
from hub.rest.pages import LIMIT, PAGED, begin_of_page, next_page
from hub.rest.routes.learning_chat.messages import UNREAD_AMONG, views
from persistence.lists import Places
from persistence.records import ChannelHead, Newest
from protocol.dialects.learning_chat.rest import REST
from protocol.shapes.learning_platform import (
    ChannelHeadObject,
    ChatMessageObject,
    channel_head_object,
)
from protocol.shapes.mentions import MentionedPlace, mentioned_place
from protocol.shapes.notes import MarksObject, marks_of


class ListedChannelObject(ChannelHeadObject, MarksObject, MentionedPlace):
    """A channel of the list. `unreadCount`: how many of its last 50 messages the caller has not
    read.
    """

    unreadCount: int
    lastMessage: ChatMessageObject | None


async def list_channels_of_mine(call: Call) -> JSON[list[ListedChannelObject]]:
    """The channels of the caller's workspaces, with the newest message and unread count of each."""
    lists = call.services.store.lists
    heads = await lists.channels(
        call.me, Places.IN_WORKSPACES, after=begin_of_page(call, 0), limit=call.number(LIMIT)
    )
    ids = [head.channel.id for head in heads]
    newest = await lists.newest(call.me, ids, among=UNREAD_AMONG)  # may be newer than `heads`
    notes, now = await call.services.store.notes.of_channels(call.me, ids), datetime.now(UTC)
    shown = await views(call, [each.message for each in newest.values()])
    mentions = await call.services.store.mentions.unread(call.me, Places.IN_WORKSPACES)
    messages = dict(zip(newest, shown, strict=True))
    return JSON(
        [
            _listed(
                head,
                newest.get(head.channel.id),
                messages.get(head.channel.id),
                marks_of(notes.get(head.channel.id), now),
                mentioned_place(mentions.get(head.channel.id, 0)),
            )
            for head in heads
            if head.channel.workspace_id is not None
        ],
        headers=next_page(call, heads, lambda head: head.channel.id),
    )


def _listed(
    head: ChannelHead,
    newest: Newest | None,
    shown: ChatMessageObject | None,
    marks: MarksObject,
    mentioned: MentionedPlace,
) -> ListedChannelObject:
    """An entry of the list. A client resumes after `lastSeq`, so the last message is within it."""
    last_seq, unread = head.last_seq, 0
    if newest is not None:
        last_seq, unread = max(last_seq, newest.message.seq), newest.unread_count
    channel = channel_head_object(head.channel, last_seq, head.last_rev)
    return {
        **channel,
        **marks,
        **mentioned,
        "unreadCount": unread,
        "lastMessage": shown,
    }


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/users/me/channels",
        "List the channels of the caller's workspaces, with newest message and unread count",
        list_channels_of_mine,
        {200: "a list"},
        parameters=PAGED,
    ),
)

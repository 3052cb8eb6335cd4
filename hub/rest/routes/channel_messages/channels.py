"""Channels and users for Socket.IO's clients, with bearer tokens.

See docs/dialects/channel_messages.md#rest.

Guarantees: a caller sees the channels of their workspaces, their conversations without the hidden
ones, and the users whom they may message. Every list has a bound.
Must not know: how channels come about.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypedDict

from attrs import frozen

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.parameters import Cursor, Number, Text
from hub.rest.routes.channel_messages.messages import channel_in_path
from persistence.records import ChannelHead
from protocol.answers import Done
from protocol.commands import HideConversation
from protocol.dialects.channel_messages.rest import REST
from protocol.dialects.channel_messages.shapes import (
    ChannelObject,
    OwnUserObject,
    UserObject,
    channel_object,
    user_object,
)
from protocol.errors import ErrorCode
from protocol.model import MAX_ID, Channel, User, UserId, name_key
from protocol.shapes.timestamps import timestamp
from protocol.shapes.uuids import IdKind, from_uuid, to_uuid

MAX_CHANNELS: Final = 500
MAX_PAGE: Final = 1_000_000
MAX_USERS: Final = 100

SEARCH: Final = Text("search", "only channels whose name contains this")
SORT_BY: Final = Text("sortBy", "`createdAt`, `memberCount` or `name`; otherwise `createdAt`")
SORT_BY_OLD: Final = Text("sort_by", "the same as `sortBy`")
SORT_ORDER: Final = Text("sortOrder", "`desc`: the largest first")
SORT_ORDER_OLD: Final = Text("sort_order", "the same as `sortOrder`")
PAGE: Final = Number("page", "which page, from 1", 1, 1, MAX_PAGE)
LIMIT: Final = Number(
    "limit", "how many on a page", MAX_CHANNELS, 1, MAX_CHANNELS, larger=MAX_CHANNELS
)
CURSOR: Final = Cursor((str, str, int))
VIEW: Final = Text("view", "`browse`: without conversations")
USERS: Final = Number("limit", "how many users", MAX_USERS, 1, MAX_USERS, larger=MAX_USERS)
BEFORE: Final = Text("before", "only accounts before the one with this id", {"format": "uuid"})


class ChannelsObject(TypedDict):
    """A page of channels."""

    channels: list[ChannelObject]


class JoinedObject(TypedDict):
    """A channel that the caller is in."""

    success: Literal[True]
    channel: ChannelObject


class LeftObject(TypedDict):
    """A conversation is hidden. `nextChannel`: which one to show now."""

    success: Literal[True]
    wasDeleted: Literal[False]
    nextChannel: None


@frozen
class _Listed:
    """A channel as a caller sees it in a list."""

    channel: Channel
    name: str
    users: Sequence[User]
    members: int
    messages: int

    def view(self) -> ChannelObject:
        """As its clients see it."""
        return channel_object(
            self.channel, self.name, self.users, members=self.members, messages=self.messages
        )


_SORTED_BY: Final[Mapping[str, Callable[[_Listed], str]]] = {
    "createdat": lambda each: timestamp(each.channel.created_at),
    "membercount": lambda each: f"{each.members:016}",
    "name": lambda each: name_key(each.name),
}
"""By the word for it, what a list is sorted by; the ids decide between equal ones."""


async def browse_joined(call: Call) -> JSON[ChannelsObject]:
    """The channels of the caller's workspaces, and their conversations."""
    channels, more = await _page(call, await _joined(call))
    return JSON({"channels": channels}, headers=more)


async def browse_public(call: Call) -> JSON[ChannelsObject]:
    """The channels of the caller's workspaces."""
    channels, more = await _page(call, await _in_workspaces(call))
    return JSON({"channels": channels}, headers=more)


async def list_channels(call: Call) -> JSON[list[ChannelObject]]:
    """The same lists without an object around them: which one, `view` says."""
    is_browsing = call.text(VIEW) == "browse"
    channels, more = await _page(call, await (_in_workspaces if is_browsing else _joined)(call))
    return JSON(channels, headers=more)


async def join(call: Call) -> JSON[JoinedObject]:
    """A channel that the caller is in already: whoever may see a channel is in it."""
    channel = await channel_in_path(call)
    heads = await call.services.store.channels.heads(call.me, [channel.id])
    (listed,) = await _listed(call, heads) or (None,)
    if listed is None:  # the right was lost in between
        raise HttpError(403, ErrorCode.NOT_A_MEMBER, "Unauthorized")
    return JSON({"success": True, "channel": listed.view()})


async def leave(call: Call) -> JSON[LeftObject]:
    """Hide a conversation. The channels of a workspace are for all of its members."""
    channel = await channel_in_path(call)
    peer = channel.peer_of(call.me)
    if peer is None:
        raise HttpError(
            403, ErrorCode.NOT_ALLOWED, "All members of a workspace are in its channels"
        )
    await call.carry_out(HideConversation(peer), Done)
    return JSON({"success": True, "wasDeleted": False, "nextChannel": None})


async def show_me(call: Call) -> JSON[OwnUserObject]:
    """Who the caller is."""
    user = call.user
    return JSON({**user_object(user), "email": user.email, "createdAt": timestamp(user.created_at)})


async def list_users(call: Call) -> JSON[list[UserObject]]:
    """Whom the caller may message, newest accounts first."""
    limit = call.number(USERS)
    given = call.text(BEFORE)
    before = from_uuid(IdKind.USER, given) if given else MAX_ID
    if before is None:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "before must be the id of a user")
    found = await call.services.store.relations.reachable(
        call.me, before=UserId(before), limit=limit
    )
    last = to_uuid(IdKind.USER, found[-1].id) if len(found) == limit else None
    return JSON([user_object(user) for user in found], headers=call.next_page(BEFORE, last))


async def _joined(call: Call) -> Sequence[ChannelHead]:
    store = call.services.store
    heads = await store.channels.heads(call.me)
    conversations = await store.messages.conversations(call.me)
    shown = {each.channel_id for each in conversations if not each.is_archived}
    return [each for each in heads if each.channel.pair is None or each.channel.id in shown]


async def _in_workspaces(call: Call) -> Sequence[ChannelHead]:
    heads = await call.services.store.channels.heads(call.me)
    return [each for each in heads if each.channel.pair is None]


async def _listed(call: Call, heads: Sequence[ChannelHead]) -> Sequence[_Listed]:
    store = call.services.store
    workspaces = await store.workspaces.of_user(call.me)
    members = {workspace.id: len(workspace.members) for workspace in workspaces}
    peers = {each.channel.id: each.channel.peer_of(call.me) for each in heads}
    people = await store.accounts.get_many({peer for peer in peers.values() if peer is not None})
    listed: list[_Listed] = []
    for head in heads:
        channel, peer_id = head.channel, peers[head.channel.id]
        if peer_id is not None and peer_id in people:
            peer = people[peer_id]
            listed.append(_Listed(channel, peer.name, (peer, call.user), 2, head.last_seq))
        elif channel.workspace_id is not None:
            count = members.get(channel.workspace_id, 1)
            listed.append(_Listed(channel, channel.name, (call.user,), count, head.last_seq))
    return listed


async def _page(
    call: Call, heads: Sequence[ChannelHead]
) -> tuple[list[ChannelObject], Mapping[str, str]]:
    """What the query asks for, and the header that leads to the next page. Its clients spell its
    words `sortBy` or `sort_by`.
    """
    wanted = name_key(call.text(SEARCH) or "")
    by = (call.text(SORT_BY) or call.text(SORT_BY_OLD) or "").replace("_", "").lower()
    by = by if by in _SORTED_BY else "createdat"
    is_descending = (call.text(SORT_ORDER) or call.text(SORT_ORDER_OLD)) == "desc"
    listed = {
        (by, _SORTED_BY[by](each), each.channel.id): each
        for each in await _listed(call, heads)
        if wanted in name_key(each.name)
    }
    places = sorted(listed, reverse=is_descending)
    last = call.cursor(CURSOR)
    if last is not None:
        if last[0] != by:
            raise HttpError(400, ErrorCode.INVALID_FIELD, "This cursor is of another order")
        places = [each for each in places if (each < last if is_descending else each > last)]
    limit = call.number(LIMIT)
    first = (call.number(PAGE) - 1) * limit
    page = places[first : first + limit]
    more = CURSOR.text(*page[-1]) if len(page) == limit else None
    return [listed[place].view() for place in page], call.next_page(CURSOR, more)


_LISTED: Final = (SEARCH, SORT_BY, SORT_BY_OLD, SORT_ORDER, SORT_ORDER_OLD, PAGE, LIMIT, CURSOR)
_LEFT: Final = {
    200: "done",
    403: [ErrorCode.NOT_A_MEMBER, ErrorCode.NOT_ALLOWED],
    404: [ErrorCode.CONVERSATION_NOT_FOUND],
}

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/channels/browse/joined",
        "The channels of my workspaces, and my conversations",
        browse_joined,
        {200: "channels"},
        parameters=_LISTED,
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "GET",
        "/api/channels/browse/public",
        "The channels of my workspaces",
        browse_public,
        {200: "channels"},
        parameters=_LISTED,
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "GET",
        "/api/channels",
        "The same as a list",
        list_channels,
        {200: "a list"},
        parameters=(VIEW, *_LISTED),
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "POST",
        "/api/channels/{channel_id}/join",
        "A channel that I am in",
        join,
        {200: "the channel", 403: [ErrorCode.NOT_A_MEMBER]},
    ),
    *(
        Endpoint(method, "/api/channels/{channel_id}/leave", "Hide a conversation", leave, _LEFT)
        for method in ("DELETE", "POST")
    ),
    Endpoint(
        "GET",
        "/api/users",
        "Whom I may message, newest accounts first",
        list_users,
        {200: "a list"},
        parameters=(USERS, BEFORE),
    ),
    Endpoint("GET", "/api/users/me", "Who I am", show_me, {200: "the user"}),
)

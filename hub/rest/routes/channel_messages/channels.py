"""Channels and users for Socket.IO's clients, with bearer tokens.

See docs/dialects/channel_messages.md#rest.

Guarantees: a caller sees the channels of their workspaces, their conversations without the hidden
ones, and the users whom they may message. Every list has a bound.
Must not know: how channels come about.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypedDict

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.parameters import Cursor, Number, Text
from hub.rest.routes.channel_messages.messages import channel_in_path
from persistence.lists import Found, Key, Order, Search
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
from protocol.model import MAX_ID, ChannelId, User, UserId
from protocol.parsing.content import is_storable
from protocol.shapes.timestamps import timestamp
from protocol.shapes.uuids import IdKind, from_uuid, to_uuid

MAX_CHANNELS: Final = 500
MAX_PAGE: Final = 1_000_000
MAX_USERS: Final = 100

SEARCH: Final = Text("search", "only channels whose name contains this text")
SORT_BY: Final = Text("sortBy", "`createdAt` (the default), `memberCount` or `name`")
SORT_BY_OLD: Final = Text("sort_by", "the same as `sortBy`")
SORT_ORDER: Final = Text("sortOrder", "`desc`: descending; otherwise ascending")
SORT_ORDER_OLD: Final = Text("sort_order", "the same as `sortOrder`")
PAGE: Final = Number("page", "the number of the page, from 1", 1, 1, MAX_PAGE)
LIMIT: Final = Number(
    "limit",
    "the maximum number of channels on a page",
    MAX_CHANNELS,
    1,
    MAX_CHANNELS,
    larger=MAX_CHANNELS,
)
CURSOR: Final = Cursor((str, str, int))
VIEW: Final = Text("view", "`browse`: without conversations")
USERS: Final = Number(
    "limit", "the maximum number of users", MAX_USERS, 1, MAX_USERS, larger=MAX_USERS
)
BEFORE: Final = Text(
    "before", "only users whose account is older than the one with this id", {"format": "uuid"}
)


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


_SORTED_BY: Final[Mapping[str, Order]] = {
    "createdat": Order.CREATED_AT,
    "membercount": Order.MEMBER_COUNT,
    "name": Order.NAME,
}


async def browse_joined(call: Call) -> JSON[ChannelsObject]:
    """The channels of the caller's workspaces, and their conversations."""
    channels, more = await _page(call, with_conversations=True)
    return JSON({"channels": channels}, headers=more)


async def browse_public(call: Call) -> JSON[ChannelsObject]:
    """The channels of the caller's workspaces."""
    channels, more = await _page(call, with_conversations=False)
    return JSON({"channels": channels}, headers=more)


async def list_channels(call: Call) -> JSON[list[ChannelObject]]:
    """The same lists without an object around them; `view` selects the list."""
    channels, more = await _page(call, with_conversations=call.text(VIEW) != "browse")
    return JSON(channels, headers=more)


async def join(call: Call) -> JSON[JoinedObject]:
    """The channel in the path. The caller is in it already: all users who may see it are."""
    channel = await channel_in_path(call)
    store, peer_id = call.services.store, channel.peer_of(call.me)
    heads = await store.channels.heads(call.me, [channel.id])
    if not heads:  # the right was lost in between
        raise HttpError(403, ErrorCode.NOT_A_MEMBER, "Unauthorized")
    peer = None if peer_id is None else await store.accounts.get(peer_id)
    place = channel.workspace_id
    workspace = None if place is None else await store.workspaces.get(place)
    members = len(channel.pair or ()) if workspace is None else len(workspace.members)
    return JSON({"success": True, "channel": _view(call, heads[0], peer, members)})


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
    """The caller's own account."""
    user = call.user
    return JSON({**user_object(user), "email": user.email, "createdAt": timestamp(user.created_at)})


async def list_users(call: Call) -> JSON[list[UserObject]]:
    """The users whom the caller may message, newest accounts first."""
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


async def _page(
    call: Call, *, with_conversations: bool
) -> tuple[list[ChannelObject], Mapping[str, str]]:
    """The page that the query asks for, and the header that leads to the next one. Clients spell
    parameters and values in camel case or with underscores: `sortBy`, `sort_by`.
    """
    by = (call.text(SORT_BY) or call.text(SORT_BY_OLD) or "").replace("_", "").lower()
    by = by if by in _SORTED_BY else "createdat"
    limit = call.number(LIMIT)
    wanted = Search(
        call.text(SEARCH) or "",
        _SORTED_BY[by],
        is_descending=(call.text(SORT_ORDER) or call.text(SORT_ORDER_OLD)) == "desc",
        with_conversations=with_conversations,
        after=_behind(call, by),
        offset=(call.number(PAGE) - 1) * limit,
        limit=limit,
    )
    found: Sequence[Found] = ()
    if is_storable(wanted.text):
        found = await call.services.store.lists.search(call.me, wanted)
    more = CURSOR.text(by, *found[-1].key) if len(found) == limit else None
    shown = [_view(call, each.head, each.peer, each.members) for each in found]
    return shown, call.next_page(CURSOR, more)


def _behind(call: Call, by: str) -> Key | None:
    match call.cursor(CURSOR):
        case (str() as order, str() as key, int() as channel_id):
            if order != by:
                raise HttpError(400, ErrorCode.INVALID_FIELD, "This cursor is of another order")
            if not is_storable(key):
                raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid cursor")
            return key, ChannelId(channel_id)
        case _:
            return None


def _view(call: Call, head: ChannelHead, peer: User | None, members: int) -> ChannelObject:
    """A channel as the caller sees it, with the peer of a conversation."""
    name, users = (head.channel.name, ()) if peer is None else (peer.name, (peer,))
    return channel_object(
        head.channel,
        name,
        (*users, call.user),
        members=members,
        last_seq=head.last_seq,
        last_rev=head.last_rev,
    )


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
        "List the channels of the caller's workspaces and the caller's conversations",
        browse_joined,
        {200: "channels"},
        parameters=_LISTED,
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "GET",
        "/api/channels/browse/public",
        "List the channels of the caller's workspaces",
        browse_public,
        {200: "channels"},
        parameters=_LISTED,
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "GET",
        "/api/channels",
        "List the caller's channels and conversations as a JSON array",
        list_channels,
        {200: "a list"},
        parameters=(VIEW, *_LISTED),
        costs=(Kind.SEARCHES,),
    ),
    Endpoint(
        "POST",
        "/api/channels/{channel_id}/join",
        "Show a channel; all users that may see it are in it already",
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
        "List the users that the caller may message, newest accounts first",
        list_users,
        {200: "a list"},
        parameters=(USERS, BEFORE),
    ),
    Endpoint("GET", "/api/users/me", "Show the caller's account", show_me, {200: "the user"}),
)

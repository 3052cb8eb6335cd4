"""Channels and users for Socket.IO's clients, with bearer tokens.

See docs/dialects/channel_messages.md#rest.

Guarantees: a caller sees the channels of their workspaces, their conversations without the hidden
ones, and the users whom they may message. Every list has a bound.
Must not know: how channels come about.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from attrs import frozen
from starlette.responses import Response

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.routes.channel_messages.messages import channel_in_path
from persistence.records import ChannelHead
from protocol.answers import Done
from protocol.commands import HideConversation
from protocol.dialects.channel_messages.rest import REST
from protocol.dialects.channel_messages.shapes import channel_object, user_object
from protocol.errors import ErrorCode
from protocol.model import MAX_ID, Channel, User, UserId
from protocol.shapes.timestamps import timestamp
from protocol.shapes.uuids import IdKind, from_uuid

MAX_CHANNELS: Final = 500
MAX_PAGE: Final = 1_000_000
MAX_USERS: Final = 100


@frozen
class _Listed:
    """A channel as a caller sees it in a list."""

    channel: Channel
    name: str
    users: Sequence[User]
    members: int
    messages: int

    def view(self) -> dict[str, object]:
        """As its clients see it."""
        counts = {"members": self.members, "messages": self.messages}
        return channel_object(self.channel, self.name, self.users, **counts)


_Key: TypeAlias = tuple[float | str | datetime, int]

_SORTED_BY: Final[Mapping[str, Callable[[_Listed], _Key]]] = {
    "createdat": lambda each: (each.channel.created_at, each.channel.id),
    "membercount": lambda each: (each.members, each.channel.id),
    "name": lambda each: (each.name.casefold(), each.channel.id),
}


async def browse_joined(call: Call) -> Response:
    """The channels of the caller's workspaces, and their conversations."""
    return JSON({"channels": await _page(call, await _joined(call))})


async def browse_public(call: Call) -> Response:
    """The channels of the caller's workspaces."""
    return JSON({"channels": await _page(call, await _in_workspaces(call))})


async def list_channels(call: Call) -> Response:
    """The same lists without an object around them: which one, `view` says."""
    is_browsing = call.request.query_params.get("view") == "browse"
    return JSON(await _page(call, await (_in_workspaces if is_browsing else _joined)(call)))


async def join(call: Call) -> Response:
    """A channel that the caller is in already: whoever may see a channel is in it."""
    channel = await channel_in_path(call)
    heads = await call.services.store.channels.heads(call.me, [channel.id])
    (listed,) = await _listed(call, heads) or (None,)
    if listed is None:  # the right was lost in between
        raise HttpError(403, ErrorCode.NOT_A_MEMBER, "Unauthorized")
    return JSON({"success": True, "channel": listed.view()})


async def leave(call: Call) -> Response:
    """Hide a conversation. The channels of a workspace are for all of its members."""
    channel = await channel_in_path(call)
    peer = channel.peer_of(call.me)
    if peer is None:
        raise HttpError(
            403, ErrorCode.NOT_ALLOWED, "All members of a workspace are in its channels"
        )
    await call.carry_out(HideConversation(peer), Done)
    return JSON({"success": True, "wasDeleted": False, "nextChannel": None})


async def show_me(call: Call) -> Response:
    """Who the caller is."""
    own = {"email": call.user.email, "createdAt": timestamp(call.user.created_at)}
    return JSON(user_object(call.user) | own)


async def list_users(call: Call) -> Response:
    """Whom the caller may message, newest accounts first."""
    limit = call.number("limit", MAX_USERS, 1, MAX_USERS)
    before = from_uuid(IdKind.USER, call.request.query_params.get("before")) or MAX_ID
    found = await call.services.store.relations.reachable(
        call.me, before=UserId(before), limit=limit
    )
    return JSON([user_object(user) for user in found])


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


async def _page(call: Call, heads: Sequence[ChannelHead]) -> list[dict[str, object]]:
    """What the query asks for. Its clients spell its words `sortBy` or `sort_by`."""
    query = call.request.query_params
    wanted = query.get("search", "").casefold()
    by = query.get("sortBy", query.get("sort_by", "")).replace("_", "").lower()
    order = query.get("sortOrder", query.get("sort_order", "asc"))
    found = sorted(
        (each for each in await _listed(call, heads) if wanted in each.name.casefold()),
        key=_SORTED_BY.get(by, _SORTED_BY["createdat"]),
        reverse=order == "desc",
    )
    limit = call.number("limit", MAX_CHANNELS, 1, MAX_CHANNELS)
    first = (call.number("page", 1, 1, MAX_PAGE) - 1) * limit
    return [each.view() for each in found[first : first + limit]]


_LISTED: Final = ("search", "sortBy", "sortOrder", "page", "limit")
_LEFT: Final = {200: "done", 403: "a workspace's, or not for you", 404: "unknown"}

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/channels/browse/joined",
        "The channels of my workspaces, and my conversations",
        browse_joined,
        {200: "channels"},
        query=_LISTED,
    ),
    Endpoint(
        "GET",
        "/api/channels/browse/public",
        "The channels of my workspaces",
        browse_public,
        {200: "channels"},
        query=_LISTED,
    ),
    Endpoint(
        "GET",
        "/api/channels",
        "The same as a list",
        list_channels,
        {200: "a list"},
        query=("view", *_LISTED),
    ),
    Endpoint(
        "POST",
        "/api/channels/{channel_id}/join",
        "A channel that I am in",
        join,
        {200: "the channel", 403: "not for you"},
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
        query=("limit", "before"),
    ),
    Endpoint("GET", "/api/users/me", "Who I am", show_me, {200: "the user"}),
)

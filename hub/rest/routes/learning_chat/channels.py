"""The learning platform's channels and dms. See docs/dialects/learning_chat.md#rest.

Guarantees: for a channel that the caller may not see, the response is as if it did not exist; a new
one is sent to the members that are connected.
"""

from typing import Final, TypedDict

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.pages import LIMIT, PAGED, begin_of_page, next_page
from hub.rest.replies import ErrorWording
from hub.rest.routes.learning_chat.accounts import invalid
from hub.rest.routes.learning_chat.workspaces import (
    NO_WORKSPACE,
    allowed,
    denied,
    my_workspace,
    workspace_id,
)
from persistence.lists import Places
from persistence.records import ChannelHead, NewChannel, NoSuchUser, Taken
from protocol.dialects.learning_chat.rest import REST, ChannelBody, DirectChannelBody
from protocol.errors import ErrorCode, WireError
from protocol.model import Channel, ChannelId, Role, User, UserId, WorkspaceId
from protocol.parsing.content import is_storable
from protocol.shapes.learning_platform import (
    ChannelHeadObject,
    ChannelObject,
    channel_head_object,
    channel_object,
)


class PartnerObject(TypedDict):
    """The other participant of a dm."""

    id: UserId
    username: str
    avatar: str | None
    role: Role


class DirectChannelObject(ChannelHeadObject):
    """A dm."""

    partner: PartnerObject


async def create_channel_in_workspace(call: Call) -> JSON[ChannelObject]:
    """Make a channel in the workspace of the path."""
    return await _create_channel(call, await _channel_body(call), workspace_id(call))


async def create_channel(call: Call) -> JSON[ChannelObject]:
    """Make a channel in the workspace of the body."""
    body = await _channel_body(call)
    if body.workspace_id is None:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Workspace ID is required")
    return await _create_channel(call, body, body.workspace_id)


async def _channel_body(call: Call) -> ChannelBody:
    try:
        body = await call.body(ChannelBody)
        body.kind()
    except WireError as error:
        raise invalid("Invalid input", error) from None
    return body


async def _create_channel(
    call: Call, body: ChannelBody, workspace_id: WorkspaceId
) -> JSON[ChannelObject]:
    new = NewChannel(workspace_id, body.name.strip(), body.kind(), body.class_, body.subject)
    try:
        made = await call.services.workspaces.create_channel(new, by=call.me)
    except Taken:
        text = "The workspace has a channel of this name already"
        raise HttpError(409, "channel_name_taken", text) from None
    channel = allowed(made, NO_WORKSPACE, "Only teachers can create channels")
    return JSON(channel_object(channel), 201)


async def list_channels(call: Call) -> JSON[list[ChannelHeadObject]]:
    """A workspace's channels, oldest first, each with its last seq and rev."""
    workspace = await my_workspace(call)
    channels = call.services.store.channels
    found = await channels.in_workspace(workspace.id)
    heads = await channels.heads(call.me, [channel.id for channel in found])
    return JSON([_head(each) for each in heads])


def _head(head: ChannelHead) -> ChannelHeadObject:
    return channel_head_object(head.channel, head.last_seq, head.last_rev)


async def open_dm(call: Call) -> JSON[ChannelObject]:
    """The dm of two users, one of whom is the caller: an existing one if the caller may see it, or
    a new one if they may write there.
    """
    ids = await _two_ids(call)
    if call.me not in ids:
        raise denied()
    peer = ids[0] if ids[1] == call.me else ids[1]
    relations = call.services.store.relations
    view = await relations.conversation_view(call.me, peer)
    if not (view.may_see and view.channel_id is not None):
        (permit,) = await relations.may_message([(call.me, peer)])
        if not permit.allowed and peer != call.me:
            raise denied()
        call.pay(Kind.CONVERSATIONS)
    try:
        channel = await call.services.store.channels.dm(call.me, peer)
    except (ValueError, NoSuchUser):
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid user IDs") from None
    return JSON(channel_object(channel))


async def _two_ids(call: Call) -> tuple[UserId, UserId]:
    ids = (await call.json_object()).get("userIds")
    if not isinstance(ids, list) or len(ids) < 2:  # noqa: PLR2004  a dm has two people
        raise HttpError(400, ErrorCode.INVALID_FIELD, "At least two userIds are required")
    try:
        (one, other) = (await call.body(DirectChannelBody)).user_ids
    except (ValueError, WireError):
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid user IDs") from None
    return one, other


async def list_dms(call: Call) -> JSON[list[DirectChannelObject]]:
    """The caller's dms, each with the other participant."""
    heads = await call.services.store.lists.channels(
        call.me, Places.CONVERSATIONS, after=begin_of_page(call, 0), limit=call.number(LIMIT)
    )
    peers = {head.channel.id: head.channel.peer_of(call.me) for head in heads}
    ids = [peer for peer in peers.values() if peer is not None]
    users = await call.services.store.accounts.get_many(ids)
    return JSON(
        [
            _with_partner(head, users[peer])
            for head in heads
            if (peer := peers[head.channel.id]) is not None and peer in users
        ],
        headers=next_page(call, heads, lambda head: head.channel.id),
    )


def _with_partner(head: ChannelHead, partner: User) -> DirectChannelObject:
    view: PartnerObject = {
        "id": partner.id,
        "username": partner.username,
        "avatar": partner.avatar,
        "role": partner.role,
    }
    return {**_head(head), "partner": view}


async def search_channels(call: Call) -> JSON[list[ChannelObject]]:
    """Channels of the caller's workspaces: class equal, or name or subject containing a text."""
    text = call.request.path_params["text"]
    if not is_storable(text):
        return JSON([])
    found = await call.services.store.channels.search(call.me, text)
    return JSON([channel_object(channel) for channel in found])


_NO_CHANNEL: Final = ErrorWording(404, ErrorCode.CHANNEL_NOT_FOUND, "Channel not found")
CHANNEL_WORDING: Final = {ErrorCode.CHANNEL_NOT_FOUND: _NO_CHANNEL}


async def accessible(call: Call, number: int | None) -> Channel:
    """A channel that the caller may see.

    Raises:
        HttpError: 404 when there is none.
    """
    access = None
    if number is not None:
        access = await call.services.store.channels.access(call.me, ChannelId(number))
    if access is None or not access.allowed:
        raise _NO_CHANNEL.error()
    return access.channel


_NOT_ALLOWED: Final = (ErrorCode.NOT_ALLOWED,)
_NO_WORKSPACE: Final = (NO_WORKSPACE.code,)
_NAME_TAKEN: Final = ("channel_name_taken",)

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/workspaces/{workspace_id}/channels",
        "Make a channel; for moderators",
        create_channel_in_workspace,
        {201: "the channel", 403: _NOT_ALLOWED, 404: _NO_WORKSPACE, 409: _NAME_TAKEN},
        body=ChannelBody,
        costs=(Kind.CHANNELS,),
    ),
    Endpoint(
        "GET",
        "/api/workspaces/{workspace_id}/channels",
        "List a workspace's channels",
        list_channels,
        {200: "channels", 404: _NO_WORKSPACE},
    ),
    Endpoint(
        "POST",
        "/api/channels",
        "Make a channel; for moderators",
        create_channel,
        {201: "the channel", 403: _NOT_ALLOWED, 404: _NO_WORKSPACE, 409: _NAME_TAKEN},
        body=ChannelBody,
        costs=(Kind.CHANNELS,),
    ),
    Endpoint(
        "POST",
        "/api/channels/dm",
        "Open the dm of the caller and another user",
        open_dm,
        {200: "the channel", 403: _NOT_ALLOWED, 429: [ErrorCode.RATE_LIMITED]},
        body=DirectChannelBody,
    ),
    Endpoint(
        "GET",
        "/api/users/me/dms",
        "List the caller's dms",
        list_dms,
        {200: "a list"},
        parameters=PAGED,
    ),
    Endpoint(
        "GET",
        "/api/channels/query/{text}",
        "Find channels by class, name or subject",
        search_channels,
        {200: "a list"},
        costs=(Kind.SEARCHES,),
    ),
)

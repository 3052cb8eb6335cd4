"""The learning platform's workspaces and channels.

See docs/dialects/learning_chat.md#rest.

Guarantees: only members see a workspace and its channels; only its owner and teachers change it;
every change is sent to the members that are connected.
"""

from typing import Final, TypedDict

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.replies import ErrorWording
from hub.rest.routes.learning_chat.accounts import invalid
from persistence.records import NewChannel, NoSuchUser, Taken
from protocol.dialects.learning_chat.rest import (
    REST,
    ChannelBody,
    DirectChannelBody,
    MemberBody,
    WorkspaceBody,
    check_name,
    check_optional,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import STAFF, Channel, ChannelId, Role, User, UserId, Workspace, WorkspaceId
from protocol.parsing.content import is_storable
from protocol.shapes.learning_platform import (
    ChannelObject,
    WorkspaceObject,
    channel_object,
    workspace_object,
)

ACCESS_DENIED: Final = "Access denied"


class PartnerObject(TypedDict):
    """The other participant of a dm."""

    id: UserId
    username: str
    avatar: str | None
    role: Role


class DirectChannelObject(ChannelObject):
    """A dm."""

    partner: PartnerObject


def denied(text: str = ACCESS_DENIED) -> HttpError:
    """The caller may not do this."""
    return HttpError(403, ErrorCode.NOT_ALLOWED, text)


def is_staff(user: User) -> bool:
    """Whether the user is a teacher or above."""
    return user.role in STAFF


async def _workspace(call: Call) -> Workspace:
    """The workspace in the path.

    Raises:
        HttpError: 404 when there is none.
    """
    number = call.path_id("workspace_id")
    found = None
    if number is not None:
        found = await call.services.store.workspaces.get(WorkspaceId(number))
    if found is None:
        raise HttpError(404, "workspace_not_found", "Workspace not found")
    return found


async def create_workspace(call: Call) -> JSON[WorkspaceObject]:
    """Make a workspace that the caller owns."""
    try:
        body = await call.body(WorkspaceBody)
        check_name("name", body.name)
        check_optional("description", body.description)
    except WireError as error:
        raise invalid("Invalid input", error) from None
    workspace = await call.services.store.workspaces.create(call.me, body.name, body.description)
    await call.services.workspaces.created(workspace)
    return JSON(workspace_object(workspace), 201)


async def list_workspaces(call: Call) -> JSON[list[WorkspaceObject]]:
    """The caller's workspaces."""
    found = await call.services.store.workspaces.of_user(call.me)
    return JSON([workspace_object(workspace) for workspace in found])


async def show_workspace(call: Call) -> JSON[WorkspaceObject]:
    """One of the caller's workspaces."""
    workspace = await _workspace(call)
    if call.me not in workspace.members:
        raise denied()
    return JSON(workspace_object(workspace))


async def add_member(call: Call) -> JSON[WorkspaceObject]:
    """Add a member to a workspace."""
    workspace = await _workspace(call)
    try:
        body = await call.body(MemberBody)
    except WireError as error:
        raise invalid("userId (number) is required", error) from None
    _require_manager(call, workspace, "Only the workspace owner or teachers can add members")
    if not await _may_reach(call, body.user_id):
        raise denied("You are not allowed to add this user")
    return await _change(call, workspace, body.user_id, add=True)


async def remove_member(call: Call) -> JSON[WorkspaceObject]:
    """Remove a member from a workspace; everybody may leave, but its owner."""
    workspace = await _workspace(call)
    number = call.path_id("user_id")
    if number is None or number != call.me or call.me not in workspace.members:
        _require_manager(call, workspace, "Only the workspace owner or teachers can remove members")
    if number is None:
        raise HttpError(404, "user_not_found", "User not found")
    if number == workspace.owner_id:
        raise denied("The owner stays a member of the workspace")
    return await _change(call, workspace, UserId(number), add=False)


def _require_manager(call: Call, workspace: Workspace, text: str) -> None:
    is_member_teacher = is_staff(call.user) and call.me in workspace.members
    if call.me != workspace.owner_id and not is_member_teacher:
        raise denied(text)


async def _may_reach(call: Call, user_id: UserId) -> bool:
    """Whether the caller may write to a user, and so may add them to a workspace or open a dm: not
    against a block, nor with a private profile that they do not follow. Also true of the caller
    themself, and of users that do not exist, which callers refuse in their own words.
    """
    store = call.services.store
    (permit,) = await store.relations.may_message([(call.me, user_id)])
    return permit.allowed or user_id == call.me or await store.accounts.get(user_id) is None


async def _change(
    call: Call, workspace: Workspace, user_id: UserId, *, add: bool
) -> JSON[WorkspaceObject]:
    services = call.services
    user = await services.store.accounts.get(user_id)
    if user is None:
        raise HttpError(404, "user_not_found", "User not found")
    try:
        if add:
            changed = await services.workspaces.add_member(workspace.id, user)
        else:  # the store notifies the hub of every removal, also of those made in SQL
            changed = await services.store.workspaces.remove_member(workspace.id, user.id)
    except NoSuchUser:
        raise HttpError(404, "user_not_found", "User not found") from None
    if changed is None:
        raise HttpError(404, "workspace_not_found", "Workspace not found")
    return JSON(workspace_object(changed))


async def create_channel_in_workspace(call: Call) -> JSON[ChannelObject]:
    """Make a channel; for teachers."""
    workspace = await _workspace(call)
    if call.me not in workspace.members:
        raise denied()
    if not is_staff(call.user):
        raise denied("Only teachers can create channels")
    return await _create_channel(call, await _channel_body(call), workspace.id)


async def create_channel(call: Call) -> JSON[ChannelObject]:
    """Make a channel in one of the caller's workspaces."""
    body = await _channel_body(call)
    if body.workspace_id is None:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Workspace ID is required")
    workspace = await call.services.store.workspaces.get(body.workspace_id)
    if workspace is None or call.me not in workspace.members:
        raise denied("You are not a member of this workspace")
    return await _create_channel(call, body, workspace.id)


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
        channel = await call.services.workspaces.create_channel(new)
    except Taken:
        text = "The workspace has a channel of this name already"
        raise HttpError(409, "channel_name_taken", text) from None
    if channel is None:
        raise HttpError(404, "workspace_not_found", "Workspace not found")
    return JSON(channel_object(channel), 201)


async def list_channels(call: Call) -> JSON[list[ChannelObject]]:
    """A workspace's channels, oldest first."""
    workspace = await _workspace(call)
    if call.me not in workspace.members:
        raise denied()
    found = await call.services.store.channels.in_workspace(workspace.id)
    return JSON([channel_object(channel) for channel in found])


async def open_dm(call: Call) -> JSON[ChannelObject]:
    """The private channel of two users, one of whom is the caller: found if they may see it, or
    made if they may write there.
    """
    ids = await _two_ids(call)
    if call.me not in ids:
        raise denied()
    peer = ids[0] if ids[1] == call.me else ids[1]
    (found,) = await call.services.store.relations.may_see([(call.me, peer)])
    if not (found.allowed and found.channel_id is not None) and not await _may_reach(call, peer):
        raise denied()
    try:
        channel = await call.services.store.channels.dm(*ids)
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
    channels = await call.services.store.channels.dms(call.me)
    peers = {channel.id: channel.peer_of(call.me) for channel in channels}
    ids = [peer for peer in peers.values() if peer is not None]
    users = await call.services.store.accounts.get_many(ids)
    return JSON(
        [
            _with_partner(channel, users[peer])
            for channel in channels
            if (peer := peers[channel.id]) is not None and peer in users
        ]
    )


def _with_partner(channel: Channel, partner: User) -> DirectChannelObject:
    view: PartnerObject = {
        "id": partner.id,
        "username": partner.username,
        "avatar": partner.avatar,
        "role": partner.role,
    }
    return {**channel_object(channel), "partner": view}


async def search_channels(call: Call) -> JSON[list[ChannelObject]]:
    """Channels of the caller's workspaces: class equal, or name or subject containing a text."""
    text = call.request.path_params["text"]
    if not is_storable(text):
        return JSON([])
    found = await call.services.store.channels.search(call.me, text)
    return JSON([channel_object(channel) for channel in found])


DENIED: Final = ErrorWording(403, ErrorCode.NOT_ALLOWED, ACCESS_DENIED)
CHANNEL_WORDING: Final = {
    ErrorCode.CHANNEL_NOT_FOUND: ErrorWording(
        404, ErrorCode.CHANNEL_NOT_FOUND, "Channel not found"
    ),
    ErrorCode.NOT_A_MEMBER: DENIED,
    ErrorCode.NOT_A_PARTICIPANT: DENIED,
}


async def accessible(call: Call, number: int | None) -> Channel:
    """A channel that the caller may see.

    Raises:
        HttpError: 404 when there is none, 403 when the caller may not see it.
    """
    access = None
    if number is not None:
        access = await call.services.store.channels.access(call.me, ChannelId(number))
    if access is None:
        raise HttpError(404, ErrorCode.CHANNEL_NOT_FOUND, "Channel not found")
    if not access.allowed:
        raise denied()
    return access.channel


_NOT_ALLOWED: Final = (ErrorCode.NOT_ALLOWED,)
_NO_WORKSPACE: Final = ("workspace_not_found",)
_NAME_TAKEN: Final = ("channel_name_taken",)
_NO_MEMBER: Final = (*_NO_WORKSPACE, "user_not_found")

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/workspaces",
        "Make a workspace",
        create_workspace,
        {201: "the workspace"},
        body=WorkspaceBody,
    ),
    Endpoint("GET", "/api/workspaces", "My workspaces", list_workspaces, {200: "a list"}),
    Endpoint(
        "GET",
        "/api/workspaces/{workspace_id}",
        "A workspace of mine",
        show_workspace,
        {200: "the workspace", 403: _NOT_ALLOWED, 404: _NO_WORKSPACE},
    ),
    Endpoint(
        "POST",
        "/api/workspaces/{workspace_id}/members",
        "Add a member",
        add_member,
        {200: "the workspace", 403: _NOT_ALLOWED, 404: _NO_MEMBER},
        body=MemberBody,
    ),
    Endpoint(
        "DELETE",
        "/api/workspaces/{workspace_id}/members/{user_id}",
        "Remove a member",
        remove_member,
        {200: "the workspace", 403: _NOT_ALLOWED, 404: _NO_MEMBER},
    ),
    Endpoint(
        "POST",
        "/api/workspaces/{workspace_id}/channels",
        "Make a channel; for teachers",
        create_channel_in_workspace,
        {201: "the channel", 403: _NOT_ALLOWED, 404: _NO_WORKSPACE, 409: _NAME_TAKEN},
        body=ChannelBody,
    ),
    Endpoint(
        "GET",
        "/api/workspaces/{workspace_id}/channels",
        "A workspace's channels",
        list_channels,
        {200: "channels", 403: _NOT_ALLOWED, 404: _NO_WORKSPACE},
    ),
    Endpoint(
        "POST",
        "/api/channels",
        "Make a channel",
        create_channel,
        {201: "the channel", 403: _NOT_ALLOWED, 404: _NO_WORKSPACE, 409: _NAME_TAKEN},
        body=ChannelBody,
    ),
    Endpoint(
        "POST",
        "/api/channels/dm",
        "The private channel of two users",
        open_dm,
        {200: "the channel", 403: _NOT_ALLOWED},
        body=DirectChannelBody,
    ),
    Endpoint("GET", "/api/users/me/dms", "My private channels", list_dms, {200: "a list"}),
    Endpoint(
        "GET",
        "/api/channels/query/{text}",
        "Channels by class, name or subject",
        search_channels,
        {200: "a list"},
    ),
)

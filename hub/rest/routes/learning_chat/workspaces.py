"""The learning platform's workspaces and their members. See docs/dialects/learning_chat.md#rest.

Guarantees: for a workspace that the caller does not belong to, the response is as if it did not
exist; the policy alone decides what a member may do (docs/permissions.md); every change is sent to
the members that are connected.
"""

from typing import Final, TypeVar

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.replies import NO_USER, ErrorWording
from hub.rest.routes.learning_chat.accounts import invalid
from hub.settings.choices import Joining
from persistence.records import Denial, Membership, NoSuchUser
from protocol.dialects.learning_chat.rest import (
    REST,
    MemberBody,
    RoleBody,
    WorkspaceBody,
    check_name,
    check_optional,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import Standing, UserId, Workspace, WorkspaceId
from protocol.shapes.learning_platform import (
    MemberObject,
    WorkspaceObject,
    member_object,
    workspace_object,
)

T = TypeVar("T")

NO_WORKSPACE: Final = ErrorWording(404, "workspace_not_found", "Workspace not found")


class MembershipObject(MemberObject):
    """A member of a workspace. `workspaceRole`: their standing in it."""

    workspaceRole: Standing


def denied(text: str = "Access denied") -> HttpError:
    """The error for a caller who may not do this."""
    return HttpError(403, ErrorCode.NOT_ALLOWED, text)


def allowed(outcome: T | Denial, missing: ErrorWording, refusal: str) -> T:
    """The result of an action, if it was not denied.

    Args:
        outcome: what the store returned.
        missing: the error when the object of the action does not exist for the caller.
        refusal: the error text for a caller who may see that object, but not do this.

    Raises:
        HttpError: it was denied.
    """
    match outcome:
        case Denial.NOT_FOUND:
            raise missing.error()
        case Denial.NOT_ALLOWED:
            raise denied(refusal)
        case _:
            return outcome


def workspace_id(call: Call) -> WorkspaceId:
    """The id in the path; 0, which no workspace has, for a malformed one."""
    return WorkspaceId(call.path_id("workspace_id") or 0)


async def my_workspace(call: Call) -> Workspace:
    """The workspace in the path, of which the caller is a member.

    Raises:
        HttpError: 404 when there is none.
    """
    found = await call.services.store.workspaces.get(workspace_id(call))
    if found is None or call.me not in found.members:
        raise NO_WORKSPACE.error()
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
    return JSON(workspace_object(await my_workspace(call)))


async def list_members(call: Call) -> JSON[list[MembershipObject]]:
    """The members, in the order in which they joined."""
    found = await call.services.store.workspaces.members(workspace_id(call), by=call.me)
    return JSON([_membership(each) for each in allowed(found, NO_WORKSPACE, "")])


def _membership(membership: Membership) -> MembershipObject:
    return {**member_object(membership.user), "workspaceRole": membership.standing}


async def add_member(call: Call) -> JSON[WorkspaceObject]:
    """Invite a user, or make them a member at once, depending on the setting `joining`."""
    try:
        body = await call.body(MemberBody)
    except WireError as error:
        raise invalid("userId (number) is required", error) from None
    refusal = "Only the workspace owner or teachers can add members"
    services, place = call.services, workspace_id(call)
    store, user_id = services.store, body.user_id
    user = await store.accounts.get(user_id)
    try:
        if user is not None and services.config.joining is Joining.AT_ONCE:
            added = await services.workspaces.join(
                place, user, lambda: store.workspaces.add_member(place, user_id, by=call.me)
            )
        else:  # the store decides whether the caller may learn that the user does not exist
            added = await store.invitations.invite(place, user_id, by=call.me)
    except NoSuchUser:
        raise NO_USER.error() from None
    workspace = allowed(added, NO_WORKSPACE, refusal)
    return JSON(workspace_object(workspace), 200 if user_id in workspace.members else 202)


async def remove_member(call: Call) -> JSON[WorkspaceObject]:
    """Remove a member, or leave, which all members but the owner may do. The store notifies the hub
    of every removal, also of those made in SQL.
    """
    number = call.path_id("user_id")
    workspaces = call.services.store.workspaces
    user_id = UserId(number or 0)
    removed = await workspaces.remove_member(workspace_id(call), user_id, by=call.me)
    text = "You are not allowed to remove this member"
    return JSON(workspace_object(allowed(removed, NO_WORKSPACE, text)))


async def change_role(call: Call) -> JSON[WorkspaceObject]:
    """Make a member a moderator, member, guest, or the owner."""
    try:
        standing = (await call.body(RoleBody)).standing()
    except WireError as error:
        raise invalid("Invalid input", error) from None
    user_id = UserId(call.path_id("user_id") or 0)
    try:
        changed = await call.services.store.workspaces.change_role(
            workspace_id(call), user_id, standing, by=call.me
        )
    except NoSuchUser:
        raise NO_USER.error() from None
    text = "Only the owner can change what members are"
    return JSON(workspace_object(allowed(changed, NO_WORKSPACE, text)))


_NOT_ALLOWED: Final = (ErrorCode.NOT_ALLOWED,)
_MISSING: Final = (NO_WORKSPACE.code,)
_NO_MEMBER: Final = (*_MISSING, "user_not_found")

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/workspaces",
        "Make a workspace",
        create_workspace,
        {201: "the workspace"},
        body=WorkspaceBody,
        costs=(Kind.WORKSPACES,),
    ),
    Endpoint(
        "GET", "/api/workspaces", "List the caller's workspaces", list_workspaces, {200: "a list"}
    ),
    Endpoint(
        "GET",
        "/api/workspaces/{workspace_id}",
        "Show one of the caller's workspaces",
        show_workspace,
        {200: "the workspace", 404: _MISSING},
    ),
    Endpoint(
        "GET",
        "/api/workspaces/{workspace_id}/members",
        "List the members of a workspace, with their roles",
        list_members,
        {200: "a list", 404: _MISSING},
    ),
    Endpoint(
        "POST",
        "/api/workspaces/{workspace_id}/members",
        "Invite a user, or add them as a member; for moderators",
        add_member,
        {
            200: "the workspace; the user is a member",
            202: "the workspace; the user is invited",
            403: _NOT_ALLOWED,
            404: _NO_MEMBER,
        },
        body=MemberBody,
        costs=(Kind.INVITATIONS,),
    ),
    Endpoint(
        "PUT",
        "/api/workspaces/{workspace_id}/members/{user_id}",
        "Change a member's role in a workspace; for its owner",
        change_role,
        {200: "the workspace", 403: _NOT_ALLOWED, 404: _NO_MEMBER},
        body=RoleBody,
    ),
    Endpoint(
        "DELETE",
        "/api/workspaces/{workspace_id}/members/{user_id}",
        "Remove a member, or leave the workspace",
        remove_member,
        {200: "the workspace", 403: _NOT_ALLOWED, 404: _MISSING},
    ),
)

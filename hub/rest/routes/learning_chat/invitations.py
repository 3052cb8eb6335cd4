"""Invitations to workspaces, and links by which anybody may join. See
docs/dialects/learning_chat.md#rest.

Guarantees: an invited user becomes a member only by accepting; a link works until its end and for a
limited number of users; its secret is shown once and kept only as a hash.
"""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, TypedDict

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint
from hub.rest.replies import ErrorWording
from hub.rest.routes.learning_chat.accounts import MessageObject, invalid
from hub.rest.routes.learning_chat.workspaces import NO_WORKSPACE, allowed, workspace_id
from persistence.invitations import Invitation, InvitationLink
from persistence.records import Denial
from protocol.dialects.learning_chat.rest import REST, LinkBody
from protocol.errors import ErrorCode, WireError
from protocol.model import Workspace, WorkspaceId
from protocol.shapes.learning_platform import (
    MemberObject,
    WorkspaceObject,
    member_object,
    workspace_object,
)
from protocol.shapes.timestamps import Timestamp, timestamp

_NO_INVITATION: Final = ErrorWording(404, "invitation_not_found", "Invitation not found")
_NOT_ALLOWED_TEXT: Final = "Only the workspace owner or teachers can invite"


class InvitedWorkspaceObject(TypedDict):
    """A workspace as invited users see it."""

    id: WorkspaceId
    name: str
    description: str | None


class InvitationObject(TypedDict):
    """An invitation that waits for its user."""

    workspace: InvitedWorkspaceObject
    inviter: MemberObject
    createdAt: Timestamp


class LinkObject(TypedDict):
    """A link by which anybody may join."""

    id: int
    expiresAt: Timestamp
    usesLeft: int


class NewLinkObject(LinkObject):
    """A new link. `token`: its secret, for `POST /api/invitations/{token}`."""

    token: str


def _invited(workspace: Workspace) -> InvitedWorkspaceObject:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
    }


def _invitation(invitation: Invitation) -> InvitationObject:
    return {
        "workspace": _invited(invitation.workspace),
        "inviter": member_object(invitation.inviter),
        "createdAt": timestamp(invitation.created_at),
    }


def _link(link: InvitationLink) -> LinkObject:
    return {
        "id": link.id,
        "expiresAt": timestamp(link.expires_at),
        "usesLeft": link.uses_left,
    }


async def list_invitations(call: Call) -> JSON[list[InvitationObject]]:
    """The invitations that wait for the caller, newest first."""
    found = await call.services.store.invitations.of_user(call.me)
    return JSON([_invitation(each) for each in found])


async def accept(call: Call) -> JSON[WorkspaceObject]:
    """Become a member."""
    place = workspace_id(call)
    invitations = call.services.store.invitations

    async def join() -> Workspace | Denial:
        return await invitations.accept(place, call.me) or Denial.NOT_FOUND

    joined = await call.services.workspaces.join(place, call.user, join)
    return JSON(workspace_object(allowed(joined, _NO_INVITATION, "")))


async def decline(call: Call) -> JSON[MessageObject]:
    """Decline an invitation; other users get no event for it."""
    if not await call.services.store.invitations.decline(workspace_id(call), call.me):
        raise _NO_INVITATION.error()
    return JSON({"message": "Declined"})


async def create_link(call: Call) -> JSON[NewLinkObject]:
    """Make a link."""
    try:
        body = await call.body(LinkBody)
        body.check()
    except WireError as error:
        raise invalid("Invalid input", error) from None
    token = secrets.token_urlsafe(24)
    until = datetime.now(UTC) + timedelta(hours=body.hours)
    made = await call.services.store.invitations.create_link(
        workspace_id(call), _hash(token), until, body.uses, by=call.me
    )
    view = _link(allowed(made, NO_WORKSPACE, _NOT_ALLOWED_TEXT))
    return JSON({**view, "token": token}, 201)


async def list_links(call: Call) -> JSON[list[LinkObject]]:
    """The links that still work."""
    found = await call.services.store.invitations.links(workspace_id(call), by=call.me)
    return JSON([_link(each) for each in allowed(found, NO_WORKSPACE, _NOT_ALLOWED_TEXT)])


async def end_link(call: Call) -> JSON[MessageObject]:
    """End a link."""
    number = call.path_id("link_id") or 0
    ended = await call.services.store.invitations.end_link(workspace_id(call), number, by=call.me)
    allowed(ended, _NO_INVITATION, _NOT_ALLOWED_TEXT)
    return JSON({"message": "Ended"})


async def show_link(call: Call) -> JSON[InvitedWorkspaceObject]:
    """Which workspace a link leads to."""
    return JSON(_invited(await _linked(call)))


async def join_by_link(call: Call) -> JSON[WorkspaceObject]:
    """Become a member by a link."""
    token = _hash(call.request.path_params["token"])
    invitations = call.services.store.invitations

    async def join() -> Workspace | Denial:
        return await invitations.join_by_link(token, call.me) or Denial.NOT_FOUND

    place = (await _linked(call)).id
    joined = await call.services.workspaces.join(place, call.user, join)
    return JSON(workspace_object(allowed(joined, _NO_INVITATION, "")))


async def _linked(call: Call) -> Workspace:
    token = _hash(call.request.path_params["token"])
    found = await call.services.store.invitations.linked(token)
    return allowed(found or Denial.NOT_FOUND, _NO_INVITATION, "")


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


_REFUSED: Final = (ErrorCode.NOT_ALLOWED,)
_MISSING: Final = (NO_WORKSPACE.code,)
_NONE: Final = (_NO_INVITATION.code,)

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/users/me/invitations",
        "List the workspaces that the caller is invited to",
        list_invitations,
        {200: "a list"},
    ),
    Endpoint(
        "POST",
        "/api/users/me/invitations/{workspace_id}",
        "Accept an invitation",
        accept,
        {200: "the workspace", 404: _NONE},
    ),
    Endpoint(
        "DELETE",
        "/api/users/me/invitations/{workspace_id}",
        "Decline an invitation",
        decline,
        {200: "done", 404: _NONE},
    ),
    Endpoint(
        "POST",
        "/api/workspaces/{workspace_id}/links",
        "Make an invitation link; for moderators",
        create_link,
        {201: "the link, with its secret", 403: _REFUSED, 404: _MISSING},
        body=LinkBody,
        costs=(Kind.INVITATIONS,),
    ),
    Endpoint(
        "GET",
        "/api/workspaces/{workspace_id}/links",
        "List the invitation links that still work; for moderators",
        list_links,
        {200: "a list", 403: _REFUSED, 404: _MISSING},
    ),
    Endpoint(
        "DELETE",
        "/api/workspaces/{workspace_id}/links/{link_id}",
        "End an invitation link; for moderators",
        end_link,
        {200: "done", 403: _REFUSED, 404: _NONE},
    ),
    Endpoint(
        "GET",
        "/api/invitations/{token}",
        "Show the workspace of an invitation link",
        show_link,
        {200: "the workspace", 404: _NONE},
        path_types={"token": str},
    ),
    Endpoint(
        "POST",
        "/api/invitations/{token}",
        "Join the workspace of an invitation link",
        join_by_link,
        {200: "the workspace", 404: _NONE},
        path_types={"token": str},
        costs=(Kind.INVITATIONS,),
    ),
)

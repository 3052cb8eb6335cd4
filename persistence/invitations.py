"""The operations on invitations to workspaces, as the rest of Parlour sees them; a part of
`persistence.interface`.

Guarantees, for every implementation: a user becomes a member by an invitation only by accepting it;
a link admits no more users than it was made for. Must not know: commands, events, dialects.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from persistence.records import Denial
from protocol.model import User, UserId, Workspace, WorkspaceId


@frozen
class Invitation:
    """A workspace that a user was asked to join."""

    workspace: Workspace
    inviter: User
    created_at: datetime


@frozen
class InvitationLink:
    """A link by which any user may join a workspace, so many times. Its secret is not stored."""

    id: int
    workspace_id: WorkspaceId
    expires_at: datetime
    uses_left: int


class Invitations(Protocol):
    """Invitations of users to workspaces, and links by which any user may join."""

    async def invite(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """Invite a user. Changes nothing for a member or a user who is invited already. Otherwise
        as `Workspaces.add_member`.
        """

    async def of_user(self, user_id: UserId) -> Sequence[Invitation]:
        """The user's invitations, newest first, without those whose inviter blocks the user, is
        blocked by them, or may no longer invite.
        """

    async def accept(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """Make an invited user a member; None: there is no such invitation."""

    async def decline(self, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """End an invitation; False: there was none."""

    async def create_link(
        self,
        workspace_id: WorkspaceId,
        token_hash: bytes,
        expires_at: datetime,
        uses: int,
        *,
        by: UserId,
    ) -> InvitationLink | Denial:
        """Store a link by which any user may join."""

    async def links(
        self, workspace_id: WorkspaceId, *, by: UserId
    ) -> Sequence[InvitationLink] | Denial:
        """The links that still work, oldest first. Only users who may invite get them."""

    async def end_link(
        self, workspace_id: WorkspaceId, link_id: int, *, by: UserId
    ) -> Denial | None:
        """End a link. None: done."""

    async def linked(self, token_hash: bytes) -> Workspace | None:
        """The workspace of a link that works and whose creator may still invite; else None."""

    async def join_by_link(self, token_hash: bytes, user_id: UserId) -> Workspace | None:
        """Make a user a member by a link that `linked` finds; for a member, none of its uses is
        taken. None: there is no such link.
        """

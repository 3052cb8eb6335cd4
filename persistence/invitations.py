"""The operations on invitations to workspaces, as the rest of Parlour sees them; a part of
`persistence.interface`.

Guarantees, for every implementation: nobody becomes a member by an invitation that they did not
accept; a link lets in no more than it was made for. Must not know: commands, events, dialects.
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
    """A link by which anybody may join a workspace, so many times. Its secret is not kept."""

    id: int
    workspace_id: WorkspaceId
    expires_at: datetime
    uses_left: int


class Invitations(Protocol):
    """Who was asked to join a workspace, and the links by which anybody may."""

    async def invite(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """Ask a user to join; nothing changes for who is a member or was asked. Otherwise as
        `Workspaces.add_member`.
        """

    async def of_user(self, user_id: UserId) -> Sequence[Invitation]:
        """What the user was asked to join, newest first, but not by who blocks them or is blocked,
        nor by who may no longer invite.
        """

    async def accept(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """Make a user who was asked a member; None: there is no such invitation."""

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
        """Keep a link by which anybody may join."""

    async def links(
        self, workspace_id: WorkspaceId, *, by: UserId
    ) -> Sequence[InvitationLink] | Denial:
        """The links that still work, oldest first, for who may invite."""

    async def end_link(
        self, workspace_id: WorkspaceId, link_id: int, *, by: UserId
    ) -> Denial | None:
        """End a link. None: done."""

    async def linked(self, token_hash: bytes) -> Workspace | None:
        """Where a link leads that still works, and whose creator may still invite."""

    async def join_by_link(self, token_hash: bytes, user_id: UserId) -> Workspace | None:
        """Make a user a member by such a link; who is a member uses none of it. None: there is no
        such link.
        """

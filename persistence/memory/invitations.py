"""Invitations, and the links that invite, in memory."""

from collections.abc import Sequence
from datetime import datetime

from attrs import define, evolve

from persistence.changes import (
    InvitationChanged,
)
from persistence.invitations import Invitation, InvitationLink
from persistence.memory.tables import InvitationRow, LinkRow
from persistence.memory.workspaces import MemoryWorkspaces
from persistence.policy import Action
from persistence.records import Denial
from protocol.model import UserId, Workspace, WorkspaceId


@define
class MemoryInvitations:
    """Implements `persistence.interface.Invitations`."""

    workspaces: MemoryWorkspaces

    async def invite(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """See the interface."""
        tables = self.workspaces.tables
        denial = self.workspaces.denial_to_come(workspace_id, user_id, by)
        if denial is not None:
            return denial
        workspace = tables.workspaces[workspace_id]
        if user_id not in workspace.members:
            row = InvitationRow(by, tables.now())
            if (workspace_id, user_id) not in tables.invitations:
                tables.invitations[workspace_id, user_id] = row
                tables.changed(InvitationChanged(user_id))
        return workspace

    async def of_user(self, user_id: UserId) -> Sequence[Invitation]:
        """See the interface."""
        tables = self.workspaces.tables
        return [
            Invitation(
                tables.workspaces[workspace_id], tables.users[row.inviter_id], row.created_at
            )
            for (workspace_id, invited), row in reversed(tables.invitations.items())
            if invited == user_id and self._stands(workspace_id, user_id)
        ]

    async def accept(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """See the interface."""
        if not self._stands(workspace_id, user_id):
            return None
        return self.workspaces.join(workspace_id, user_id)

    async def decline(self, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """See the interface."""
        return self.workspaces.tables.end_invitation(workspace_id, user_id)

    async def create_link(
        self,
        workspace_id: WorkspaceId,
        token_hash: bytes,
        expires_at: datetime,
        uses: int,
        *,
        by: UserId,
    ) -> InvitationLink | Denial:
        """See the interface."""
        tables = self.workspaces.tables
        denial = tables.denial_in_workspace(by, Action.INVITE, workspace_id)
        if denial is not None:
            return denial
        link = InvitationLink(next(tables.ids), workspace_id, expires_at, uses)
        tables.links[token_hash] = LinkRow(by, link)
        return link

    async def links(
        self, workspace_id: WorkspaceId, *, by: UserId
    ) -> Sequence[InvitationLink] | Denial:
        """See the interface."""
        tables = self.workspaces.tables
        denial = tables.denial_in_workspace(by, Action.INVITE, workspace_id)
        return denial or [
            row.link
            for row in tables.links.values()
            if row.link.workspace_id == workspace_id and self._works(row.link)
        ]

    async def end_link(
        self, workspace_id: WorkspaceId, link_id: int, *, by: UserId
    ) -> Denial | None:
        """See the interface."""
        tables = self.workspaces.tables
        denial = tables.denial_in_workspace(by, Action.INVITE, workspace_id)
        if denial is not None:
            return denial
        for token_hash, row in tables.links.items():
            if (row.link.id, row.link.workspace_id) == (link_id, workspace_id):
                del tables.links[token_hash]
                return None
        return Denial.NOT_FOUND

    async def linked(self, token_hash: bytes) -> Workspace | None:
        """See the interface."""
        tables = self.workspaces.tables
        row = tables.links.get(token_hash)
        if row is None or not self._works(row.link):
            return None
        place = row.link.workspace_id
        denial = tables.denial_in_workspace(row.creator_id, Action.INVITE, place)
        return tables.workspaces[place] if denial is None else None

    async def join_by_link(self, token_hash: bytes, user_id: UserId) -> Workspace | None:
        """See the interface."""
        workspace = await self.linked(token_hash)
        if workspace is None:
            return None
        if user_id not in workspace.members:
            row = self.workspaces.tables.links[token_hash]
            used = evolve(row.link, uses_left=row.link.uses_left - 1)
            self.workspaces.tables.links[token_hash] = evolve(row, link=used)
        return self.workspaces.join(workspace.id, user_id)

    def _works(self, link: InvitationLink) -> bool:
        return link.uses_left > 0 and link.expires_at > self.workspaces.tables.now()

    def _stands(self, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        tables = self.workspaces.tables
        row = tables.invitations.get((workspace_id, user_id))
        if row is None or tables.blocked_either_way(row.inviter_id, user_id):
            return False
        denial = tables.denial_in_workspace(row.inviter_id, Action.INVITE, workspace_id)
        return denial is None

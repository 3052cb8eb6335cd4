"""Workspaces and their members in memory."""

from collections.abc import Mapping, Sequence

from attrs import define, evolve

from persistence.audit import AuditEntry
from persistence.changes import (
    MemberCame,
    MemberGone,
)
from persistence.memory.tables import Tables
from persistence.policy import Action
from persistence.records import Denial, Membership, NoSuchUser
from persistence.workspaces import ListedWorkspace
from protocol.model import Standing, UserId, Workspace, WorkspaceId

_REMOVE = {
    None: Action.REMOVE_GUEST,
    Standing.GUEST: Action.REMOVE_GUEST,
    Standing.MEMBER: Action.REMOVE_MEMBER,
    Standing.MODERATOR: Action.REMOVE_MODERATOR,
    Standing.OWNER: Action.REMOVE_OWNER,
}


@define
class MemoryWorkspaces:
    """Implements `persistence.interface.Workspaces`."""

    tables: Tables

    async def create(self, owner_id: UserId, name: str, description: str | None) -> Workspace:
        """See the interface."""
        workspace = Workspace(
            WorkspaceId(next(self.tables.ids)),
            name,
            description,
            owner_id,
            (owner_id,),
            self.tables.now(),
        )
        self.tables.workspaces[workspace.id] = workspace
        return workspace

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """See the interface."""
        return self.tables.workspaces.get(workspace_id)

    async def of_user(self, user_id: UserId) -> Sequence[Workspace]:
        """See the interface."""
        return [each for each in self.tables.workspaces.values() if user_id in each.members]

    async def of_users(self, user_ids: Sequence[UserId]) -> Mapping[UserId, frozenset[WorkspaceId]]:
        """See the interface."""
        return {
            user_id: frozenset(each.id for each in await self.of_user(user_id))
            for user_id in user_ids
        }

    async def members(
        self, workspace_id: WorkspaceId, *, by: UserId
    ) -> Sequence[Membership] | Denial:
        """See the interface."""
        denial = self.tables.denial_in_workspace(by, Action.SEE, workspace_id)
        if denial is not None:
            return denial
        standings = {
            user_id: self.tables.standing_in_workspace(user_id, workspace_id)
            for user_id in self.tables.workspaces[workspace_id].members
        }
        return [
            Membership(self.tables.users[user_id], standing)
            for user_id, standing in standings.items()
            if standing is not None
        ]

    async def add_member(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """See the interface."""
        denial = self.denial_to_come(workspace_id, user_id, by)
        return denial or self.join(workspace_id, user_id)

    async def remove_member(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """See the interface."""
        standing = self.tables.standing_in_workspace(user_id, workspace_id)
        action = Action.LEAVE if by == user_id else _REMOVE[standing]
        denial = self.tables.denial_in_workspace(by, action, workspace_id)
        if denial is not None:
            return denial
        workspace = self.tables.workspaces[workspace_id]
        members = tuple(each for each in workspace.members if each != user_id)
        self.tables.workspaces[workspace_id] = evolve(workspace, members=members)
        self.tables.roles.pop((workspace_id, user_id), None)
        self.tables.joined.pop((workspace_id, user_id), None)
        if user_id in workspace.members:
            self.tables.changed(MemberGone(workspace_id, user_id))
        return self.tables.workspaces[workspace_id]

    async def named(self, name: str) -> Sequence[ListedWorkspace]:
        """See the interface."""
        return [self._listed(each) for each in self.tables.workspaces.values() if each.name == name]

    async def list_page(self, *, after: WorkspaceId, limit: int) -> Sequence[ListedWorkspace]:
        """See the interface."""
        found = [each for each in self.tables.workspaces.values() if each.id > after]
        return [self._listed(each) for each in found[:limit]]

    def _listed(self, workspace: Workspace) -> ListedWorkspace:
        return ListedWorkspace(
            workspace.id,
            workspace.name,
            self.tables.users[workspace.owner_id].username,
            len(workspace.members),
            self.tables.retention.get(workspace.id, 0),
        )

    async def set_retention(
        self, workspace_id: WorkspaceId, days: int, *, audit: AuditEntry | None = None
    ) -> bool:
        """See the interface."""
        if workspace_id not in self.tables.workspaces:
            return False
        self.tables.retention[workspace_id] = days
        self.tables.note(audit, None)
        return True

    async def hand_over(self, owner_id: UserId, heir_id: UserId) -> Sequence[Workspace]:
        """See the interface."""
        handed = [
            evolve(each, owner_id=heir_id)
            for each in self.tables.workspaces.values()
            if each.owner_id == owner_id and heir_id in each.members
        ]
        for each in handed:
            self.tables.workspaces[each.id] = each
            self.tables.roles[each.id, owner_id] = Standing.MODERATOR
        return handed

    async def change_role(
        self, workspace_id: WorkspaceId, user_id: UserId, standing: Standing, *, by: UserId
    ) -> Workspace | Denial:
        """See the interface."""
        denial = self.tables.denial_in_workspace(by, Action.CHANGE_ROLES, workspace_id)
        if denial is not None:
            return denial
        workspace = self.tables.workspaces[workspace_id]
        if user_id not in workspace.members:
            raise NoSuchUser(user_id)
        if user_id == workspace.owner_id:
            return Denial.NOT_ALLOWED
        if standing is Standing.OWNER:
            self.tables.roles[workspace_id, by] = Standing.MODERATOR
            self.tables.workspaces[workspace_id] = evolve(workspace, owner_id=user_id)
        else:
            self.tables.roles[workspace_id, user_id] = standing
        return self.tables.workspaces[workspace_id]

    def denial_to_come(
        self, workspace_id: WorkspaceId, user_id: UserId, by: UserId
    ) -> Denial | None:
        """Why `by` may not add or invite a user; None: they may.

        Raises:
            NoSuchUser: there is no such user, or one of the two blocks the other.
        """
        denial = self.tables.denial_in_workspace(by, Action.INVITE, workspace_id)
        if denial is not None:
            return denial
        if user_id not in self.tables.users or self.tables.blocked_either_way(by, user_id):
            raise NoSuchUser(user_id)
        is_member = user_id in self.tables.workspaces[workspace_id].members
        may = is_member or self.tables.may_message(by, user_id)
        return None if may else Denial.NOT_ALLOWED

    def join(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace:
        """Make the user a member and end their invitation; returns the workspace."""
        workspace = self.tables.workspaces[workspace_id]
        if user_id not in workspace.members:
            workspace = evolve(workspace, members=(*workspace.members, user_id))
            self.tables.workspaces[workspace_id] = workspace
            self.tables.joined[workspace_id, user_id] = self.tables.now()
            self.tables.changed(MemberCame(workspace_id, user_id))
        self.tables.end_invitation(workspace_id, user_id)
        return workspace

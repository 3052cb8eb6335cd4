"""The operations on workspaces and their members; a part of `persistence.interface`.

Guarantees: an operation that the user may not carry out returns a `Denial`, and changes nothing.
Must not know: commands, events, dialects, sockets.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import frozen

from persistence.audit import AuditEntry
from persistence.records import Denial, Membership
from protocol.model import Standing, UserId, Workspace, WorkspaceId


@frozen
class ListedWorkspace:
    """A workspace as operators see it.

    Args:
        id: of the workspace.
        name: of the workspace.
        owner: the username of the owner.
        members: how many there are.
        retention_days: how long messages are kept; 0: as in the hub's setting.
    """

    id: WorkspaceId
    name: str
    owner: str
    members: int
    retention_days: int


class Workspaces(Protocol):
    """Workspaces and their members."""

    async def create(self, owner_id: UserId, name: str, description: str | None) -> Workspace:
        """Make a workspace, with its owner as its only member."""

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """The workspace, or None."""

    async def of_user(self, user_id: UserId) -> Sequence[Workspace]:
        """The workspaces of which the user is a member, oldest first."""

    async def of_users(self, user_ids: Sequence[UserId]) -> Mapping[UserId, frozenset[WorkspaceId]]:
        """The ids of each user's workspaces. One statement."""

    async def members(
        self, workspace_id: WorkspaceId, *, by: UserId
    ) -> Sequence[Membership] | Denial:
        """The members, in the order in which they joined."""

    async def add_member(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """Make a user a member, if `by` may message them; returns the changed workspace. Repeating
        changes nothing. Raises NoSuchUser, also when a block exists either way.
        """

    async def remove_member(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """Remove a user, or let them leave; returns the changed workspace. Repeating changes
        nothing.
        """

    async def named(self, name: str) -> Sequence[ListedWorkspace]:
        """The workspaces of exactly this name, oldest first."""

    async def list_page(self, *, after: WorkspaceId, limit: int) -> Sequence[ListedWorkspace]:
        """The first `limit` workspaces with an id above `after`, by id."""

    async def set_retention(
        self, workspace_id: WorkspaceId, days: int, *, audit: AuditEntry | None = None
    ) -> bool:
        """Set after how many days the messages of the workspace's channels are removed; 0: as in
        the hub's setting. False: there is no such workspace.
        """

    async def hand_over(self, owner_id: UserId, heir_id: UserId) -> Sequence[Workspace]:
        """Make the heir, on behalf of an operator, the owner of those of the owner's workspaces
        that they are a member of; returns these workspaces.
        """

    async def change_role(
        self, workspace_id: WorkspaceId, user_id: UserId, standing: Standing, *, by: UserId
    ) -> Workspace | Denial:
        """Make a member a moderator, member or guest; or the owner, and the old one a moderator.
        NOT_ALLOWED also for the owner's own role. Raises NoSuchUser when the user is no member.
        """

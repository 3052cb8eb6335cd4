"""Workspaces and their members in Postgres."""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from persistence.audit import AuditEntry
from persistence.postgres.accounts import user_columns, user_from
from persistence.postgres.database.audit import noted, values_of
from persistence.postgres.database.bridge import Database, Record
from persistence.postgres.database.verdicts import VERDICT, denial_in
from persistence.records import Denial, Membership, NoSuchUser
from persistence.workspaces import ListedWorkspace
from protocol.model import Standing, UserId, Workspace, WorkspaceId

WORKSPACE_COLUMNS: Final = """
    w.id, w.name, w.description, w.owner_id, w.created_at,
    ARRAY(SELECT m.user_id FROM workspace_members m WHERE m.workspace_id = w.id
           ORDER BY m.joined_at, m.user_id) AS members
"""
_SELECT: Final = f"SELECT {WORKSPACE_COLUMNS} FROM workspaces w"
_LISTED: Final = """
    SELECT w.id, w.name, u.username AS owner, w.retention_days,
           (SELECT count(*) FROM workspace_members m WHERE m.workspace_id = w.id) AS members
      FROM workspaces w JOIN users u ON u.id = w.owner_id
"""
_RETAIN: Final = f"""
    WITH changed AS (
        UPDATE workspaces SET retention_days = $2 WHERE id = $1
        RETURNING id, NULL::bigint AS user_id),
    {noted("changed", 3)}
    SELECT id FROM changed
"""
_CREATE: Final = """
    WITH made AS (
        INSERT INTO workspaces (name, description, owner_id) VALUES ($2, $3, $1) RETURNING id)
    INSERT INTO workspace_members (workspace_id, user_id) SELECT id, $1 FROM made
    RETURNING workspace_id AS id
"""
_MEMBERS: Final = f"""
    SELECT {user_columns("u")}, standing_in_workspace(u.id, m.workspace_id) AS standing
      FROM workspace_members m JOIN users u ON u.id = m.user_id
     WHERE m.workspace_id = $1 AND may_in_workspace($2, 'see', $1)
     ORDER BY m.joined_at, m.user_id
"""
# $3 wants to add or invite $2. If one of the two blocks the other, $2 is treated as missing.
ASKED_TO_COME: Final = """
    SELECT w.id, may_in_workspace($3, 'see', w.id) AS sees,
           may_in_workspace($3, 'invite', w.id)
               AND (may_message($3, $2) OR standing_in_workspace($2, w.id) IS NOT NULL) AS may,
           may_in_workspace($3, 'invite', w.id) AND NOT EXISTS (
               SELECT FROM users u
                WHERE u.id = $2 AND u.deleted_at IS NULL AND NOT one_blocks($2, $3))
               AS is_nobody
      FROM workspaces w WHERE w.id = $1
"""
_ADD: Final = f"""
    WITH asked AS ({ASKED_TO_COME}), added AS (
        INSERT INTO workspace_members (workspace_id, user_id)
        SELECT id, $2 FROM asked WHERE may AND NOT is_nobody ON CONFLICT DO NOTHING
    ), done AS (
        DELETE FROM invitations i USING asked
         WHERE i.workspace_id = asked.id AND i.user_id = $2 AND may AND NOT is_nobody
    )
    {VERDICT}, is_nobody FROM asked
"""
_REMOVE: Final = f"""
    WITH asked AS (
        SELECT w.id, may_in_workspace($3, 'see', w.id) AS sees,
               may_in_workspace(
                   $3, CASE $2::bigint WHEN $3 THEN 'leave'
                       ELSE 'remove_' || coalesce(standing_in_workspace($2, w.id), 'guest') END,
                   w.id) AS may
          FROM workspaces w WHERE w.id = $1
    ), removed AS (
        DELETE FROM workspace_members m USING asked
         WHERE m.workspace_id = asked.id AND m.user_id = $2 AND may
    )
    {VERDICT}, false AS is_nobody FROM asked
"""
_CHANGE_ROLE: Final = f"""
    WITH asked AS (
        SELECT w.id, may_in_workspace($3, 'see', w.id) AS sees,
               may_in_workspace($3, 'change_roles', w.id) AND w.owner_id <> $2 AS may,
               may_in_workspace($3, 'change_roles', w.id)
                   AND standing_in_workspace($2, w.id) IS NULL AS is_nobody
          FROM workspaces w WHERE w.id = $1
    ), handed_over AS (
        UPDATE workspaces w SET owner_id = $2 FROM asked
         WHERE w.id = asked.id AND may AND NOT is_nobody AND $4 = 'owner'
        RETURNING w.id
    ), former AS (
        UPDATE workspace_members m SET role = 'moderator' FROM handed_over
         WHERE m.workspace_id = handed_over.id AND m.user_id = $3
    ), changed AS (
        UPDATE workspace_members m SET role = $4 FROM asked
         WHERE m.workspace_id = asked.id AND m.user_id = $2 AND may AND $4 <> 'owner'
    )
    {VERDICT}, is_nobody FROM asked
"""
_HAND_OVER: Final = """
    WITH handed_over AS (
        UPDATE workspaces w SET owner_id = $2
         WHERE w.owner_id = $1 AND EXISTS (
               SELECT FROM workspace_members m WHERE m.workspace_id = w.id AND m.user_id = $2)
        RETURNING w.id
    ), former AS (
        UPDATE workspace_members SET role = 'moderator'
         WHERE workspace_id IN (SELECT id FROM handed_over) AND user_id = $1
    )
    SELECT id FROM handed_over ORDER BY id
"""


@frozen
class PostgresWorkspaces:
    """Implements `persistence.interface.Workspaces`."""

    database: Database

    async def create(self, owner_id: UserId, name: str, description: str | None) -> Workspace:
        """See the interface."""
        made = await self.database.fetch_one(_CREATE, owner_id, name, description)
        workspace = None if made is None else await self.get(made["id"])
        if workspace is None:
            raise LookupError("the workspace is gone already")
        return workspace

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """See the interface."""
        row = await self.database.fetch_one(f"{_SELECT} WHERE w.id = $1", workspace_id)
        return None if row is None else workspace_in(row)

    async def of_user(self, user_id: UserId) -> Sequence[Workspace]:
        """See the interface."""
        rows = await self.database.fetch(
            f"{_SELECT} JOIN workspace_members me ON me.workspace_id = w.id"
            " WHERE me.user_id = $1 ORDER BY w.id",
            user_id,
        )
        return [workspace_in(row) for row in rows]

    async def of_users(self, user_ids: Sequence[UserId]) -> Mapping[UserId, frozenset[WorkspaceId]]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT user_id, array_agg(workspace_id) AS workspaces FROM workspace_members"
            " WHERE user_id = ANY ($1::bigint[]) GROUP BY user_id",
            user_ids,
        )
        found = {row["user_id"]: frozenset(row["workspaces"]) for row in rows}
        return {user_id: found.get(user_id, frozenset()) for user_id in user_ids}

    async def members(
        self, workspace_id: WorkspaceId, *, by: UserId
    ) -> Sequence[Membership] | Denial:
        """See the interface. Only members may see a workspace: no rows mean no right."""
        rows = await self.database.fetch(_MEMBERS, workspace_id, by)
        found = [Membership(user_from(row), Standing(row["standing"])) for row in rows]
        return found or Denial.NOT_FOUND

    async def add_member(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """See the interface."""
        return await self.change(_ADD, workspace_id, user_id, by)

    async def remove_member(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """See the interface."""
        return await self.change(_REMOVE, workspace_id, user_id, by)

    async def named(self, name: str) -> Sequence[ListedWorkspace]:
        """See the interface."""
        rows = await self.database.fetch(f"{_LISTED} WHERE w.name = $1 ORDER BY w.id", name)
        return [ListedWorkspace(**dict(row)) for row in rows]

    async def list_page(self, *, after: WorkspaceId, limit: int) -> Sequence[ListedWorkspace]:
        """See the interface."""
        page = f"{_LISTED} WHERE w.id > $1 ORDER BY w.id LIMIT $2"
        return [
            ListedWorkspace(**dict(row)) for row in await self.database.fetch(page, after, limit)
        ]

    async def set_retention(
        self, workspace_id: WorkspaceId, days: int, *, audit: AuditEntry | None = None
    ) -> bool:
        """See the interface."""
        values = values_of(audit)
        return await self.database.fetch_one(_RETAIN, workspace_id, days, *values) is not None

    async def hand_over(self, owner_id: UserId, heir_id: UserId) -> Sequence[Workspace]:
        """See the interface."""
        rows = await self.database.fetch(_HAND_OVER, owner_id, heir_id)
        found = [await self.get(row["id"]) for row in rows]
        return [each for each in found if each is not None]

    async def change_role(
        self, workspace_id: WorkspaceId, user_id: UserId, standing: Standing, *, by: UserId
    ) -> Workspace | Denial:
        """See the interface."""
        return await self.change(_CHANGE_ROLE, workspace_id, user_id, by, standing.value)

    async def change(
        self, statement: str, workspace_id: WorkspaceId, user_id: UserId, *args: object
    ) -> Workspace | Denial:
        """Run a statement with a CTE `asked` about a user, and return the workspace after it.

        Raises:
            NoSuchUser: the statement reports that there is no such user.
        """
        row = await self.database.fetch_one(statement, workspace_id, user_id, *args)
        if row is not None and row["is_nobody"]:
            raise NoSuchUser(user_id)
        return denial_in(row) or await self.get(workspace_id) or Denial.NOT_FOUND


def workspace_in(row: Record) -> Workspace:
    """The workspace in a row with `WORKSPACE_COLUMNS`."""
    return Workspace(
        WorkspaceId(row["id"]),
        row["name"],
        row["description"],
        UserId(row["owner_id"]),
        tuple(row["members"]),
        row["created_at"],
    )

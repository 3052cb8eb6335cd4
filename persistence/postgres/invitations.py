"""Invitations, and the links that invite, in Postgres."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from persistence.invitations import Invitation, InvitationLink
from persistence.postgres.accounts import user_columns, user_from
from persistence.postgres.database.bridge import Record
from persistence.postgres.database.verdicts import VERDICT, denial_in
from persistence.postgres.workspaces import (
    ASKED_TO_COME,
    WORKSPACE_COLUMNS,
    PostgresWorkspaces,
    workspace_in,
)
from persistence.records import Denial
from protocol.model import UserId, Workspace, WorkspaceId

_INVITE: Final = f"""
    WITH asked AS ({ASKED_TO_COME}), invited AS (
        INSERT INTO invitations (workspace_id, user_id, inviter_id)
        SELECT id, $2, $3 FROM asked
         WHERE may AND NOT is_nobody AND standing_in_workspace($2, id) IS NULL
        ON CONFLICT DO NOTHING
    )
    {VERDICT}, is_nobody FROM asked
"""
_STANDS: Final = """
    may_in_workspace(i.inviter_id, 'invite', i.workspace_id)
    AND NOT one_blocks(i.inviter_id, i.user_id)
"""
_OF_USER: Final = f"""
    SELECT {WORKSPACE_COLUMNS}, {user_columns("u")}, i.created_at AS invited_at
      FROM invitations i JOIN workspaces w ON w.id = i.workspace_id
      JOIN users u ON u.id = i.inviter_id
     WHERE i.user_id = $1 AND {_STANDS}
     ORDER BY i.created_at DESC, w.id DESC
"""
_ACCEPT: Final = f"""
    WITH accepted AS (
        DELETE FROM invitations i WHERE i.workspace_id = $1 AND i.user_id = $2 AND {_STANDS}
        RETURNING workspace_id, user_id)
    INSERT INTO workspace_members (workspace_id, user_id) SELECT * FROM accepted
    ON CONFLICT (workspace_id, user_id) DO UPDATE SET user_id = EXCLUDED.user_id
    RETURNING workspace_id
"""
_LINK: Final = "l.id, l.workspace_id, l.expires_at, l.uses_left"
_WORKS: Final = "l.uses_left > 0 AND l.expires_at > now()"
_ASKED: Final = """
    SELECT w.id, may_in_workspace({by}, 'see', w.id) AS sees,
           may_in_workspace({by}, 'invite', w.id) AS may
      FROM workspaces w WHERE w.id = $1
"""
_CREATE_LINK: Final = f"""
    WITH asked AS ({_ASKED.format(by="$5")}), made AS (
        INSERT INTO invitation_links AS l
               (token_hash, workspace_id, creator_id, expires_at, uses_left)
        SELECT $2, id, $5, $3, $4 FROM asked WHERE may
        RETURNING {_LINK})
    {VERDICT}, made.* FROM asked LEFT JOIN made ON true
"""
_LINKS: Final = f"""
    WITH asked AS ({_ASKED.format(by="$2")})
    {VERDICT}, l.* FROM asked LEFT JOIN (
        SELECT {_LINK} FROM invitation_links l WHERE {_WORKS}) AS l
        ON l.workspace_id = asked.id AND may
     ORDER BY l.id
"""
_END_LINK: Final = f"""
    WITH asked AS ({_ASKED.format(by="$3")}), ended AS (
        DELETE FROM invitation_links l USING asked
         WHERE l.workspace_id = asked.id AND l.id = $2 AND may RETURNING l.id)
    SELECT CASE WHEN sees AND NOT may THEN 'NOT_ALLOWED'
                WHEN NOT EXISTS (SELECT FROM ended) THEN 'NOT_FOUND' END AS denial FROM asked
"""
_OPEN: Final = f"""
    SELECT l.id, l.workspace_id FROM invitation_links l
     WHERE l.token_hash = $1 AND {_WORKS}
       AND may_in_workspace(l.creator_id, 'invite', l.workspace_id)
"""
# The UPDATE locks the row of the link: of two users, only one gets its last use.
_JOIN: Final = f"""
    WITH link AS ({_OPEN}), used AS (
        UPDATE invitation_links l SET uses_left = l.uses_left - 1 FROM link
         WHERE l.id = link.id AND {_WORKS}
           AND standing_in_workspace($2, link.workspace_id) IS NULL
        RETURNING l.workspace_id
    ), joined AS (
        INSERT INTO workspace_members (workspace_id, user_id) SELECT workspace_id, $2 FROM used
        ON CONFLICT DO NOTHING
    ), done AS (
        DELETE FROM invitations i USING used
         WHERE i.workspace_id = used.workspace_id AND i.user_id = $2
    )
    SELECT workspace_id FROM used UNION
    SELECT workspace_id FROM link WHERE standing_in_workspace($2, workspace_id) IS NOT NULL
"""


@frozen
class PostgresInvitations:
    """Implements `persistence.interface.Invitations`."""

    workspaces: PostgresWorkspaces

    async def invite(
        self, workspace_id: WorkspaceId, user_id: UserId, *, by: UserId
    ) -> Workspace | Denial:
        """See the interface."""
        return await self.workspaces.change(_INVITE, workspace_id, user_id, by)

    async def of_user(self, user_id: UserId) -> Sequence[Invitation]:
        """See the interface."""
        rows = await self.workspaces.database.fetch(_OF_USER, user_id)
        return [Invitation(workspace_in(row), user_from(row), row["invited_at"]) for row in rows]

    async def accept(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """See the interface."""
        row = await self.workspaces.database.fetch_one(_ACCEPT, workspace_id, user_id)
        return None if row is None else await self.workspaces.get(workspace_id)

    async def decline(self, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """See the interface."""
        row = await self.workspaces.database.fetch_one(
            "DELETE FROM invitations WHERE workspace_id = $1 AND user_id = $2 RETURNING user_id",
            workspace_id,
            user_id,
        )
        return row is not None

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
        row = await self.workspaces.database.fetch_one(
            _CREATE_LINK, workspace_id, token_hash, expires_at, uses, by
        )
        denial = denial_in(row)
        return denial or Denial.NOT_FOUND if denial or row is None else _link(row)

    async def links(
        self, workspace_id: WorkspaceId, *, by: UserId
    ) -> Sequence[InvitationLink] | Denial:
        """See the interface."""
        rows = await self.workspaces.database.fetch(_LINKS, workspace_id, by)
        denial = denial_in(next(iter(rows), None))
        return denial or [_link(row) for row in rows if row["id"] is not None]

    async def end_link(
        self, workspace_id: WorkspaceId, link_id: int, *, by: UserId
    ) -> Denial | None:
        """See the interface."""
        row = await self.workspaces.database.fetch_one(_END_LINK, workspace_id, link_id, by)
        return denial_in(row)

    async def linked(self, token_hash: bytes) -> Workspace | None:
        """See the interface."""
        row = await self.workspaces.database.fetch_one(_OPEN, token_hash)
        return None if row is None else await self.workspaces.get(row["workspace_id"])

    async def join_by_link(self, token_hash: bytes, user_id: UserId) -> Workspace | None:
        """See the interface."""
        row = await self.workspaces.database.fetch_one(_JOIN, token_hash, user_id)
        return None if row is None else await self.workspaces.get(row["workspace_id"])


def _link(row: Record) -> InvitationLink:
    return InvitationLink(
        row["id"], WorkspaceId(row["workspace_id"]), row["expires_at"], row["uses_left"]
    )

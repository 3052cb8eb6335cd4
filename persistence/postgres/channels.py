"""Workspaces, channels and uploads in Postgres."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import asyncpg
from attrs import frozen

from persistence.postgres.bridge import Database, Record
from persistence.records import Access, ChannelHead, NewChannel, NoSuchUser, Taken, Upload
from protocol.model import (
    Channel,
    ChannelId,
    ChannelKind,
    MessageId,
    UserId,
    Workspace,
    WorkspaceId,
)

_WORKSPACE: Final = """
    w.id, w.name, w.description, w.owner_id, w.created_at,
    ARRAY(SELECT m.user_id FROM workspace_members m WHERE m.workspace_id = w.id
           ORDER BY m.joined_at, m.user_id) AS members
"""
_SELECT_WORKSPACE: Final = f"SELECT {_WORKSPACE} FROM workspaces w"
_CREATE_WORKSPACE: Final = """
    WITH made AS (
        INSERT INTO workspaces (name, description, owner_id) VALUES ($2, $3, $1) RETURNING id)
    INSERT INTO workspace_members (workspace_id, user_id) SELECT id, $1 FROM made
    RETURNING workspace_id AS id
"""
_CHANNEL: Final = """
    c.id, c.kind, c.name, c.created_at, c.workspace_id, c.user_lo, c.user_hi, c.class_name,
    c.subject, ARRAY(SELECT p.message_id FROM pins p WHERE p.channel_id = c.id
                      ORDER BY p.pinned_at, p.message_id) AS pinned
"""
_SELECT_CHANNEL: Final = f"SELECT {_CHANNEL} FROM channels c"
_CREATE_CHANNEL: Final = """
    INSERT INTO channels (kind, workspace_id, name, class_name, subject)
    SELECT $2, id, $3, $4, $5 FROM workspaces WHERE id = $1
    RETURNING id
"""
_CREATE_DM: Final = """
    WITH made AS (
        INSERT INTO channels (kind, user_lo, user_hi, name)
        VALUES ('dm', $1, $2, format('dm_%s_%s', $1::bigint, $2::bigint))
        ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO channel_members (channel_id, user_id)
    SELECT id, member FROM made, unnest(ARRAY[$1, $2]::bigint[]) AS member
"""
_HEADS: Final = f"""
    SELECT {_CHANNEL}, c.last_seq FROM channels c
     WHERE c.id IN (SELECT m.channel_id FROM channel_members m WHERE m.user_id = $1
                    UNION SELECT w.id FROM channels w
                      JOIN workspace_members mine USING (workspace_id) WHERE mine.user_id = $1)
       AND ($2::bigint[] IS NULL OR c.id = ANY ($2)) AND may_join($1, c.id)
     ORDER BY c.id
"""
_SEARCH: Final = f"""
    {_SELECT_CHANNEL} JOIN workspace_members m ON m.workspace_id = c.workspace_id
     WHERE m.user_id = $1
       AND (c.class_name = $2 OR position(lower($2) IN lower(c.name)) > 0
            OR position(lower($2) IN lower(coalesce(c.subject, ''))) > 0)
     ORDER BY c.id
"""
_PIN: Final = """
    INSERT INTO pins (channel_id, message_id)
    SELECT channel_id, id FROM messages WHERE channel_id = $1 AND id = $2 AND deleted_at IS NULL
    ON CONFLICT DO NOTHING
"""
_UNPIN: Final = "DELETE FROM pins WHERE channel_id = $1 AND message_id = $2"
_HAS_MESSAGE: Final = """
    SELECT EXISTS (SELECT FROM messages
                    WHERE channel_id = $1 AND id = $2 AND deleted_at IS NULL) AS found
"""
_VISIBLE: Final = """
    SELECT url, owner_id, mime_type FROM uploads WHERE url = $2 AND may_see_upload($1, url)
"""


@frozen
class PostgresWorkspaces:
    """Implements `persistence.interface.Workspaces`."""

    database: Database

    async def create(self, owner_id: UserId, name: str, description: str | None) -> Workspace:
        """See the interface."""
        made = await self.database.fetch_one(_CREATE_WORKSPACE, owner_id, name, description)
        workspace = None if made is None else await self.get(made["id"])
        if workspace is None:
            raise LookupError("the workspace is gone already")
        return workspace

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """See the interface."""
        row = await self.database.fetch_one(f"{_SELECT_WORKSPACE} WHERE w.id = $1", workspace_id)
        return None if row is None else _workspace(row)

    async def of_user(self, user_id: UserId) -> Sequence[Workspace]:
        """See the interface."""
        rows = await self.database.fetch(
            f"{_SELECT_WORKSPACE} JOIN workspace_members me ON me.workspace_id = w.id"
            " WHERE me.user_id = $1 ORDER BY w.id",
            user_id,
        )
        return [_workspace(row) for row in rows]

    async def of_users(self, user_ids: Sequence[UserId]) -> Mapping[UserId, frozenset[WorkspaceId]]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT user_id, array_agg(workspace_id) AS workspaces FROM workspace_members"
            " WHERE user_id = ANY ($1::bigint[]) GROUP BY user_id",
            user_ids,
        )
        found = {row["user_id"]: frozenset(row["workspaces"]) for row in rows}
        return {user_id: found.get(user_id, frozenset()) for user_id in user_ids}

    async def add_member(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """See the interface."""
        try:
            await self.database.fetch(
                "INSERT INTO workspace_members (workspace_id, user_id)"
                " SELECT id, $2 FROM workspaces WHERE id = $1 ON CONFLICT DO NOTHING",
                workspace_id,
                user_id,
            )
        except asyncpg.ForeignKeyViolationError:
            raise NoSuchUser(user_id) from None
        return await self.get(workspace_id)

    async def remove_member(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """See the interface."""
        await self.database.fetch(
            "DELETE FROM workspace_members WHERE workspace_id = $1 AND user_id = $2",
            workspace_id,
            user_id,
        )
        return await self.get(workspace_id)


@frozen
class PostgresChannels:
    """Implements `persistence.interface.Channels`."""

    database: Database

    async def create(self, new: NewChannel) -> Channel | None:
        """See the interface."""
        try:
            row = await self.database.fetch_one(
                _CREATE_CHANNEL,
                new.workspace_id,
                new.kind.value,
                new.name,
                new.class_name,
                new.subject,
            )
        except asyncpg.UniqueViolationError:
            raise Taken("name") from None
        return None if row is None else await self._get(row["id"])

    async def access(self, user_id: UserId, channel_id: ChannelId) -> Access | None:
        """See the interface."""
        row = await self.database.fetch_one(
            f"SELECT {_CHANNEL}, may_join($2, c.id) AS allowed FROM channels c WHERE c.id = $1",
            channel_id,
            user_id,
        )
        return None if row is None else Access(_channel(row), row["allowed"])

    async def heads(
        self, user_id: UserId, channel_ids: Collection[ChannelId] | None = None
    ) -> Sequence[ChannelHead]:
        """See the interface."""
        rows = await self.database.fetch(
            _HEADS, user_id, None if channel_ids is None else list(channel_ids)
        )
        return [ChannelHead(_channel(row), row["last_seq"]) for row in rows]

    async def may_join(self, pairs: Sequence[tuple[UserId, ChannelId]]) -> Sequence[bool]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT may_join(p.who, p.channel) AS allowed"
            " FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS p (who, channel, ord)"
            " ORDER BY p.ord",
            [user_id for user_id, _ in pairs],
            [channel_id for _, channel_id in pairs],
        )
        return [row["allowed"] for row in rows]

    async def in_workspace(self, workspace_id: WorkspaceId) -> Sequence[Channel]:
        """See the interface."""
        return await self._list("WHERE c.workspace_id = $1 ORDER BY c.id", workspace_id)

    async def search(self, user_id: UserId, text: str) -> Sequence[Channel]:
        """See the interface."""
        return [_channel(row) for row in await self.database.fetch(_SEARCH, user_id, text)]

    async def dm(self, one: UserId, other: UserId) -> Channel:
        """See the interface."""
        if one == other:
            raise ValueError("a dm has two people")
        low, high = sorted((one, other))
        try:
            await self.database.fetch(_CREATE_DM, low, high)
        except asyncpg.ForeignKeyViolationError:
            raise NoSuchUser(high) from None
        (channel,) = await self._list("WHERE c.user_lo = $1 AND c.user_hi = $2", low, high)
        return channel

    async def dms(self, user_id: UserId) -> Sequence[Channel]:
        """See the interface."""
        return await self._list("WHERE $1 IN (c.user_lo, c.user_hi) ORDER BY c.id", user_id)

    async def pin(self, channel_id: ChannelId, message_id: MessageId) -> Channel | None:
        """See the interface."""
        await self.database.fetch(_PIN, channel_id, message_id)
        return await self._with_message(channel_id, message_id)

    async def unpin(self, channel_id: ChannelId, message_id: MessageId) -> Channel | None:
        """See the interface."""
        await self.database.fetch(_UNPIN, channel_id, message_id)
        return await self._with_message(channel_id, message_id)

    async def _with_message(self, channel_id: ChannelId, message_id: MessageId) -> Channel | None:
        row = await self.database.fetch_one(_HAS_MESSAGE, channel_id, message_id)
        return await self._get(channel_id) if row is not None and row["found"] else None

    async def _get(self, channel_id: ChannelId) -> Channel | None:
        return next(iter(await self._list("WHERE c.id = $1", channel_id)), None)

    async def _list(self, condition: str, *args: object) -> Sequence[Channel]:
        rows = await self.database.fetch(f"{_SELECT_CHANNEL} {condition}", *args)
        return [_channel(row) for row in rows]


@frozen
class PostgresUploads:
    """Implements `persistence.interface.Uploads`."""

    database: Database

    async def add(self, upload: Upload) -> None:
        """See the interface."""
        await self.database.fetch(
            "INSERT INTO uploads (url, owner_id, mime_type) VALUES ($1, $2, $3)",
            upload.url,
            upload.owner_id,
            upload.mime_type,
        )

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """See the interface."""
        row = await self.database.fetch_one(_VISIBLE, user_id, url)
        return None if row is None else Upload(row["url"], row["owner_id"], row["mime_type"])


def _workspace(row: Record) -> Workspace:
    return Workspace(
        WorkspaceId(row["id"]),
        row["name"],
        row["description"],
        UserId(row["owner_id"]),
        tuple(row["members"]),
        row["created_at"],
    )


def _channel(row: Record) -> Channel:
    is_dm = row["user_lo"] is not None
    return Channel(
        ChannelId(row["id"]),
        ChannelKind(row["kind"]),
        row["name"],
        row["created_at"],
        workspace_id=row["workspace_id"],
        pair=(row["user_lo"], row["user_hi"]) if is_dm else None,
        class_name=row["class_name"],
        subject=row["subject"],
        pinned=tuple(row["pinned"]),
    )

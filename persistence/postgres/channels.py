"""Channels in Postgres."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from attrs import frozen

from persistence.postgres.database.bridge import Database, Duplicate, Record
from persistence.postgres.database.verdicts import VERDICT, denial_in
from persistence.records import (
    Access,
    ChannelHead,
    Denial,
    Gone,
    NewChannel,
    NoSuchUser,
    Taken,
    Watermarks,
    channel_key,
)
from protocol.model import (
    Channel,
    ChannelId,
    ChannelKind,
    UserId,
    WorkspaceId,
    name_key,
    spellings,
)

CHANNEL: Final = """
    c.id, c.kind, c.name, c.created_at, c.workspace_id, c.user_lo, c.user_hi, c.class_name,
    c.subject, ARRAY(SELECT p.message_id FROM pins p WHERE p.channel_id = c.id
                      ORDER BY p.pinned_at, p.message_id) AS pinned
"""
_SELECT_CHANNEL: Final = f"SELECT {CHANNEL} FROM channels c"
_CREATE_CHANNEL: Final = f"""
    WITH asked AS (
        SELECT w.id, may_in_workspace($6, 'see', w.id) AS sees,
               may_in_workspace($6, 'create_channel', w.id) AS may
          FROM workspaces w WHERE w.id = $1
    ), made AS (
        INSERT INTO channels (kind, workspace_id, name, class_name, subject, name_key, subject_key)
        SELECT $2, id, $3, $4, $5, $7, $8 FROM asked WHERE may
        RETURNING id
    )
    {VERDICT}, (SELECT id FROM made) AS id FROM asked
"""
_CREATE_DM: Final = """
    WITH made AS (
        INSERT INTO channels (kind, user_lo, user_hi, name)
        VALUES ('dm', $1, $2, format('dm_%s_%s', $1::bigint, $2::bigint))
        ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO channel_members (channel_id, user_id)
    SELECT id, member FROM made, unnest(ARRAY[$1, $2]::bigint[]) AS member
"""
_OPEN_DM: Final = """
    INSERT INTO receipts (channel_id, user_id)
    SELECT c.id, $1 FROM channels c
     WHERE c.user_lo = least($1::bigint, $2) AND c.user_hi = greatest($1::bigint, $2)
    ON CONFLICT DO NOTHING
"""
_HEADS: Final = f"""
    SELECT {CHANNEL}, c.last_seq, c.last_rev FROM channels c
     WHERE c.id = ANY ($2::bigint[]) AND may_join($1, c.id) ORDER BY c.id
"""
_FEW: Final = 32  # channels: up to this many, a check of each costs less than `seen_channels`
MANY_HEADS: Final = f"""
    SELECT {CHANNEL}, c.last_seq, c.last_rev
      FROM (SELECT s.id FROM seen_conversations($1) AS s WHERE s.id = ANY ($2::bigint[])
            UNION ALL
            SELECT s.id FROM seen_channels($1) AS s WHERE s.id = ANY ($2::bigint[])) AS seen
      JOIN channels c ON c.id = seen.id
     ORDER BY c.id
"""
_SEARCH: Final = f"""
    {_SELECT_CHANNEL} JOIN workspace_members m ON m.workspace_id = c.workspace_id
     WHERE m.user_id = $1
       AND (c.class_name = ANY ($2) OR position($3 IN c.name_key) > 0
            OR position($3 IN coalesce(c.subject_key, '')) > 0)
     ORDER BY c.id
"""


@frozen
class PostgresChannels:
    """Implements `persistence.interface.Channels`. `planning`: as in `PostgresLists`."""

    database: Database
    planning: Database

    async def create(self, new: NewChannel, *, by: UserId) -> Channel | Denial:
        """See the interface."""
        try:
            row = await self.database.fetch_one(
                _CREATE_CHANNEL,
                new.workspace_id,
                new.kind.value,
                new.name,
                new.class_name,
                new.subject,
                by,
                channel_key(new.name),
                None if new.subject is None else name_key(new.subject),
            )
        except Duplicate:
            raise Taken("name") from None
        denial = denial_in(row)
        if row is None or denial is not None:
            return denial or Denial.NOT_FOUND
        return await self._get(row["id"]) or Denial.NOT_FOUND

    async def access(self, user_id: UserId, channel_id: ChannelId) -> Access | None:
        """See the interface."""
        row = await self.database.fetch_one(
            f"SELECT {CHANNEL}, may_join($2, c.id) AS allowed FROM channels c WHERE c.id = $1",
            channel_id,
            user_id,
        )
        return None if row is None else Access(channel_in(row), row["allowed"])

    async def heads(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Sequence[ChannelHead]:
        """See the interface."""
        ids = list(channel_ids)
        if len(ids) <= _FEW:
            rows = await self.database.fetch(_HEADS, user_id, ids)
        else:
            rows = await self.planning.fetch(MANY_HEADS, user_id, ids)
        return [head_in(row) for row in rows]

    async def watermarks(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, Watermarks]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT channel_id, delivered_seq, read_seq FROM receipts"
            " WHERE user_id = $1 AND channel_id = ANY ($2::bigint[]) AND delivered_seq > 0",
            user_id,
            list(channel_ids),
        )
        return {
            row["channel_id"]: Watermarks(row["delivered_seq"], row["read_seq"]) for row in rows
        }

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

    async def hidden_from(
        self, pairs: Sequence[tuple[UserId, ChannelId]]
    ) -> Sequence[frozenset[UserId] | None]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT may_in_channel(p.who, 'write', p.channel) AS allowed,"
            " ARRAY(SELECT hidden_from(p.who)) AS hidden"
            " FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS p (who, channel, ord)"
            " ORDER BY p.ord",
            [user_id for user_id, _ in pairs],
            [channel_id for _, channel_id in pairs],
        )
        return [frozenset(row["hidden"]) if row["allowed"] else None for row in rows]

    async def in_workspace(self, workspace_id: WorkspaceId) -> Sequence[Channel]:
        """See the interface."""
        return await self._list("WHERE c.workspace_id = $1 ORDER BY c.id", workspace_id)

    async def search(self, user_id: UserId, text: str) -> Sequence[Channel]:
        """See the interface."""
        rows = await self.database.fetch(_SEARCH, user_id, spellings(text), name_key(text))
        return [channel_in(row) for row in rows]

    async def dm(self, one: UserId, other: UserId) -> Channel:
        """See the interface."""
        if one == other:
            raise ValueError("a dm has two people")
        low, high = sorted((one, other))
        try:
            await self.database.fetch(_CREATE_DM, low, high)
            await self.database.fetch(_OPEN_DM, one, other)
        except Gone:
            raise NoSuchUser(other) from None
        (channel,) = await self._list("WHERE c.user_lo = $1 AND c.user_hi = $2", low, high)
        return channel

    async def _get(self, channel_id: ChannelId) -> Channel | None:
        return next(iter(await self._list("WHERE c.id = $1", channel_id)), None)

    async def _list(self, condition: str, *args: object) -> Sequence[Channel]:
        rows = await self.database.fetch(f"{_SELECT_CHANNEL} {condition}", *args)
        return [channel_in(row) for row in rows]


def head_in(row: Record) -> ChannelHead:
    """The head in a row with `CHANNEL` and `last_seq`."""
    return ChannelHead(channel_in(row), row["last_seq"], row["last_rev"])


def channel_in(row: Record) -> Channel:
    """The channel in a row with `CHANNEL`."""
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

"""The log in Postgres."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from attrs import frozen

from persistence.interface import Conversation, Draft, Outcome, Posted, ReadAdvance
from persistence.postgres.accounts import user_columns, user_from
from persistence.postgres.bridge import Database, Lanes, Record
from protocol.model import ChannelId, Message, MessageId, MessageKind, Refusal, UserId

_POST: Final = (
    "SELECT * FROM post_private_messages"
    "($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])"
)
_MESSAGE: Final = """
    m.id, m.channel_id, m.seq, m.author_id, m.content, m.created_at, m.kind, m.file_url,
    m.client_key, CASE m.author_id WHEN c.user_lo THEN c.user_hi ELSE c.user_lo END AS recipient_id,
    EXISTS (SELECT FROM receipts r WHERE r.channel_id = c.id AND r.user_id <> m.author_id
               AND r.read_seq >= m.seq) AS is_read
"""
_LOG: Final = f"""
    SELECT {_MESSAGE} FROM channels c JOIN messages m ON m.channel_id = c.id
     WHERE c.user_lo = least($1::bigint, $2) AND c.user_hi = greatest($1::bigint, $2)
"""  # noqa: S608  constants only
_MARK_READ: Final = """
    INSERT INTO receipts AS r (channel_id, user_id, delivered_seq, read_seq)
    SELECT id, $1, last_seq, last_seq FROM channels
     WHERE user_lo = least($1::bigint, $2) AND user_hi = greatest($1::bigint, $2) AND last_seq > 0
    ON CONFLICT (channel_id, user_id) DO UPDATE
       SET read_seq = EXCLUDED.read_seq,
           delivered_seq = greatest(r.delivered_seq, EXCLUDED.delivered_seq)
     WHERE r.read_seq < EXCLUDED.read_seq
    RETURNING channel_id, read_seq
"""
_UNREAD: Final = """
    SELECT count(*) FROM messages u
     WHERE u.channel_id = c.id AND u.author_id <> $1
       AND u.seq > coalesce((SELECT r.read_seq FROM receipts r
                              WHERE r.channel_id = c.id AND r.user_id = $1), 0)
"""
_CONVERSATIONS: Final = f"""
    SELECT {_MESSAGE}, {user_columns("peer")}, ({_UNREAD}) AS unread,
           NOT EXISTS (SELECT FROM messages a WHERE a.channel_id = c.id AND a.author_id = $1)
           AND NOT EXISTS (
               SELECT FROM follows
                WHERE (follower_id, followee_id) IN (($1, peer.id), (peer.id, $1))
                  AND status = 'accepted') AS is_request
      FROM channel_members me
      JOIN channels c ON c.id = me.channel_id AND c.kind = 'dm'
      JOIN users peer ON peer.id = CASE $1::bigint WHEN c.user_lo THEN c.user_hi ELSE c.user_lo END
      JOIN messages m ON m.channel_id = c.id AND m.seq = c.last_seq
     WHERE me.user_id = $1::bigint
     ORDER BY m.id DESC
"""  # noqa: S608  constants only
_TOTAL_UNREAD: Final = f"""
    SELECT coalesce(sum(({_UNREAD})), 0)::bigint AS unread
      FROM channel_members me JOIN channels c ON c.id = me.channel_id
     WHERE me.user_id = $1::bigint
"""  # noqa: S608  constants only

_DRAFTS_FAULT: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.RaiseError,  # a policy or trigger of the deployment's own says no
    UnicodeError,
)
_MESSAGE_VERDICTS: Final = frozenset({"posted", "repeated"})


@asynccontextmanager
async def open_lanes(dsn: str, count: int) -> AsyncIterator[Lanes]:
    """Lanes for posting messages, closed on exit."""
    lanes = Lanes(dsn, _POST, count)
    try:
        yield lanes
    finally:
        lanes.close()


@frozen
class PostgresMessages:
    """Implements `persistence.interface.Messages`."""

    database: Database
    lanes: Lanes

    async def post(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        """See the interface. A draft that the database refuses must not take others with it, so a
        failing batch is halved until the culprit is alone.
        """
        try:
            return await self._post(drafts)
        except asyncpg.UniqueViolationError:
            # One key, two channels, at the same time: the other one is committed now.
            return await self._post_halves(drafts) if len(drafts) > 1 else await self._post(drafts)
        except _DRAFTS_FAULT:
            if len(drafts) == 1:
                return [Refusal.UNSTORABLE]
            return await self._post_halves(drafts)

    async def _post_halves(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        middle = len(drafts) // 2
        return [*await self.post(drafts[:middle]), *await self.post(drafts[middle:])]

    async def _post(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        rows = await self.lanes.fetch(
            [draft.author_id for draft in drafts],
            [draft.recipient_id for draft in drafts],
            [draft.content for draft in drafts],
            [draft.key for draft in drafts],
            [draft.kind.value for draft in drafts],
            [draft.file_url for draft in drafts],
        )
        by_draft = {row["draft"]: row for row in rows}
        return [_outcome(draft, by_draft[index]) for index, draft in enumerate(drafts, 1)]

    async def conversation_page(
        self, user_id: UserId, peer_id: UserId, *, offset: int, limit: int
    ) -> Sequence[Message]:
        """See the interface."""
        rows = await self.database.fetch(
            f"{_LOG} ORDER BY m.seq DESC OFFSET $3 LIMIT $4", user_id, peer_id, offset, limit
        )
        return [_message(row) for row in reversed(rows)]

    async def conversation_after(
        self, user_id: UserId, peer_id: UserId, *, after_seq: int, limit: int
    ) -> Sequence[Message]:
        """See the interface."""
        rows = await self.database.fetch(
            f"{_LOG} AND m.seq > $3 ORDER BY m.seq LIMIT $4", user_id, peer_id, after_seq, limit
        )
        return [_message(row) for row in rows]

    async def mark_read(self, reader: UserId, peer_id: UserId) -> ReadAdvance | None:
        """See the interface."""
        row = await self.database.fetch_one(_MARK_READ, reader, peer_id)
        return None if row is None else ReadAdvance(ChannelId(row["channel_id"]), row["read_seq"])

    async def conversations(self, user_id: UserId) -> Sequence[Conversation]:
        """See the interface."""
        rows = await self.database.fetch(_CONVERSATIONS, user_id)
        return [
            Conversation(
                channel_id=ChannelId(row["channel_id"]),
                peer=user_from(row),
                last_message=_message(row),
                unread_count=row["unread"],
                is_request=row["is_request"],
            )
            for row in rows
        ]

    async def unread_count(self, user_id: UserId) -> int:
        """See the interface."""
        row = await self.database.fetch_one(_TOTAL_UNREAD, user_id)
        return 0 if row is None else int(row["unread"])


def _outcome(draft: Draft, row: Record) -> Outcome:
    verdict = row["verdict"]
    if verdict not in _MESSAGE_VERDICTS:
        return Refusal(verdict)
    message = Message(
        id=MessageId(row["message_id"]),
        channel_id=ChannelId(row["in_channel"]),
        seq=row["at_seq"],
        author_id=draft.author_id,
        content=draft.content,
        created_at=row["posted_at"],
        recipient_id=draft.recipient_id,
        kind=draft.kind,
        file_url=draft.file_url,
        key=draft.key,
        is_read=row["read"],
    )
    return Posted(message, repeated=verdict == "repeated")


def _message(row: Record) -> Message:
    return Message(
        id=MessageId(row["id"]),
        channel_id=ChannelId(row["channel_id"]),
        seq=row["seq"],
        author_id=UserId(row["author_id"]),
        content=row["content"],
        created_at=row["created_at"],
        recipient_id=UserId(row["recipient_id"]),
        kind=MessageKind(row["kind"]),
        file_url=row["file_url"],
        key=row["client_key"],
        is_read=row["is_read"],
    )

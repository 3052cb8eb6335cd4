"""Threads in Postgres. The triggers of routines/threads.sql keep the counts of replies."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from persistence.contents.threads import FollowedThread, ThreadPage
from persistence.postgres.contents.message_rows import TO_FIRST, message_in
from persistence.postgres.database.bridge import Database
from protocol.model import MAX_ID, Message, MessageId, UserId

# The first message of the thread of $2, in a channel that $1 may see; $3: only a private message.
_ROOT: Final = """
    SELECT p.*, c.last_seq FROM messages n
      JOIN messages p ON p.channel_id = n.channel_id AND p.id = coalesce(n.root_id, n.id)
                     AND p.deleted_at IS NULL
      JOIN channels c ON c.id = p.channel_id AND may_join($1, c.id)
     WHERE n.id = $2 AND n.deleted_at IS NULL
       AND (NOT $3::boolean OR p.author_id IN (c.user_lo, c.user_hi))
"""
_REPLIES: Final = f"""
    SELECT {TO_FIRST}
      FROM ({_ROOT}) AS root JOIN channels c ON c.id = root.channel_id
      LEFT JOIN LATERAL (
           SELECT * FROM messages l
            WHERE l.channel_id = root.channel_id AND l.root_id = root.id
              AND l.deleted_at IS NULL AND l.seq > $4 AND l.seq < $5
              AND NOT is_hidden_from($1, c.id, l.id)
              AND (NOT $3 OR l.author_id IN (c.user_lo, c.user_hi))
            ORDER BY l.seq {{order}} LIMIT $6) AS m ON true
     ORDER BY m.seq {{order}}
"""
_OLDEST: Final = _REPLIES.format(order="ASC")
_NEWEST: Final = _REPLIES.format(order="DESC")
_FOLLOW: Final = f"""
    INSERT INTO thread_follows AS f (channel_id, root_id, user_id, is_following, read_seq)
    SELECT root.channel_id, root.id, $1, $4, root.last_seq
      FROM ({_ROOT} FOR KEY SHARE OF p) AS root
    ON CONFLICT (channel_id, root_id, user_id) DO UPDATE SET is_following = EXCLUDED.is_following
    RETURNING user_id
"""
_MARK: Final = f"""
    UPDATE thread_follows f SET read_seq = greatest(f.read_seq, least(root.last_seq, $4))
      FROM ({_ROOT}) AS root
     WHERE f.channel_id = root.channel_id AND f.root_id = root.id AND f.user_id = $1
       AND f.is_following
    RETURNING f.user_id
"""
# Sorted before rights are checked (OFFSET 0): only as many are checked as fill the page.
_FOLLOWED: Final = f"""
    SELECT {TO_FIRST}, s.read_seq, s.place,
           (SELECT count(*) FROM messages u
             WHERE u.channel_id = m.channel_id AND u.root_id = m.id AND u.seq > s.read_seq
               AND u.deleted_at IS NULL AND u.author_id <> $1
               AND NOT is_hidden_from($1, c.id, u.id)
               AND u.author_id NOT IN (SELECT hidden_from($1))) AS unread
      FROM (SELECT f.channel_id, f.root_id, f.read_seq,
                   coalesce(t.last_id, f.root_id) AS place
              FROM thread_follows f
              LEFT JOIN threads t ON t.channel_id = f.channel_id AND t.root_id = f.root_id
             WHERE f.user_id = $1 AND f.is_following
               AND coalesce(t.last_id, f.root_id) < $3
             ORDER BY place DESC OFFSET 0) AS s
      JOIN messages m ON m.channel_id = s.channel_id AND m.id = s.root_id
                     AND m.deleted_at IS NULL AND NOT is_hidden_from($1, s.channel_id, m.id)
      JOIN channels c ON c.id = m.channel_id AND may_join($1, c.id)
     WHERE NOT $2::boolean OR m.author_id IN (c.user_lo, c.user_hi)
     ORDER BY s.place DESC LIMIT $4
"""


@frozen
class PostgresThreads:
    """Implements `persistence.contents.threads.Threads`."""

    database: Database

    async def replies(
        self,
        user_id: UserId,
        message_id: MessageId,
        page: ThreadPage,
        *,
        only_private: bool = False,
    ) -> Sequence[Message] | None:
        """See the interface."""
        rows = await self.database.fetch(
            _NEWEST if page.newest else _OLDEST,
            user_id,
            message_id,
            only_private,
            page.after,
            page.before,
            page.limit,
        )
        return [message_in(row) for row in rows if row["id"] is not None] if rows else None

    async def follow(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> bool:
        """See the interface."""
        return await self._set(user_id, message_id, only_private=only_private, is_following=True)

    async def unfollow(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> bool:
        """See the interface."""
        return await self._set(user_id, message_id, only_private=only_private, is_following=False)

    async def _set(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool, is_following: bool
    ) -> bool:
        row = await self.database.fetch_one(
            _FOLLOW, user_id, message_id, only_private, is_following
        )
        return row is not None

    async def mark_read(
        self,
        user_id: UserId,
        message_id: MessageId,
        *,
        up_to: int = MAX_ID,
        only_private: bool = False,
    ) -> bool:
        """See the interface."""
        row = await self.database.fetch_one(_MARK, user_id, message_id, only_private, up_to)
        return row is not None

    async def followed(
        self, user_id: UserId, *, before: int = MAX_ID, limit: int, only_private: bool = False
    ) -> Sequence[FollowedThread]:
        """See the interface."""
        rows = await self.database.fetch(_FOLLOWED, user_id, only_private, before, limit)
        return [
            FollowedThread(message_in(row), row["unread"], row["read_seq"], row["place"])
            for row in rows
        ]

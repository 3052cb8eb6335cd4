"""Lists of conversations in Postgres.

Guarantees: rights are checked once for all of a user's conversations (`seen_conversations`), and
the details of a conversation are read only for those on the page.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from attrs import frozen

from persistence.lists import MAX_LISTED, Which
from persistence.postgres.accounts import user_columns, user_from
from persistence.postgres.contents.message_rows import message_columns, message_in
from persistence.postgres.contents.notes import (
    MUTED,
    NOT_HIDDEN,
    NOTE,
    mute_in,
    unread_from_in,
)
from persistence.postgres.database.bridge import Database, Record
from persistence.records import Conversation
from protocol.model import MAX_ID, ChannelId, MessageId, UserId

_IS_LARGE: Final = """
    SELECT count(*) = 300 AS is_large
      FROM (SELECT FROM channel_members WHERE user_id = $1 LIMIT 300) AS members
"""
LISTED: Final = f"""(
    SELECT s.*, least(coalesce(r.read_seq, 0), r.unread_above) AS read_seq,
           coalesce(r.archived_seq, 0) AS archived_seq,
           r.channel_id IS NOT NULL AS is_open, {MUTED} AS is_muted,
           b.blocked_id IS NOT NULL AS is_blocked
      FROM seen_conversations($1::bigint) AS s
      LEFT JOIN receipts r ON r.channel_id = s.id AND r.user_id = $1
      LEFT JOIN blocks b ON b.blocker_id = $1 AND b.blocked_id = s.peer
     WHERE NOT s.is_request
        OR b.blocked_id IS NULL AND coalesce(r.declined_seq, 0) < s.last_seq)
"""
"""The conversations of the user $1 that are not declined (`is_declined`). Lists show those that
have a message or that the user has opened (`is_open`).
"""
_UNHIDDEN: Final = NOT_HIDDEN.format(viewer="$1")
NEWEST_SEQ: Final = f"""
    (SELECT l.seq FROM messages l WHERE l.channel_id = f.id AND l.deleted_at IS NULL
        AND l.author_id IN ($1, f.peer) AND {_UNHIDDEN} ORDER BY l.seq DESC LIMIT 1)
"""
"""The seq of the newest message of a listed conversation `f`; NULL: it has none any more."""
_UNREAD: Final = f"""
    SELECT count(*) FROM messages l
     WHERE l.channel_id = f.id AND l.seq > f.read_seq AND l.author_id = f.peer
       AND l.deleted_at IS NULL AND {_UNHIDDEN}
"""
_SHOWN: Final = message_columns(
    "$1::bigint", "CASE r.user_id WHEN $1 THEN f.is_request ELSE is_request(c, r.user_id) END"
)
# The sorted rows are as narrow as possible, and are not sorted again (OFFSET 0), so that only as
# many are joined to other tables as fill the page.
CONVERSATIONS: Final = f"""
    SELECT {_SHOWN}, {user_columns("peer")}, f.last_id, f.last_seq, c.last_rev, f.is_request,
           CASE WHEN f.is_blocked THEN 0 ELSE ({_UNREAD}) END AS unread,
           f.archived_seq >= m.seq AS is_archived, {NOTE}
      FROM (SELECT s.* FROM {LISTED} AS s
             WHERE s.last_seq > 0 AND s.last_id < $2 AND (s.is_request OR NOT $5)
             ORDER BY s.last_id DESC OFFSET 0) AS f
     CROSS JOIN LATERAL (
           SELECT * FROM messages l
            WHERE l.channel_id = f.id AND l.deleted_at IS NULL AND l.author_id IN ($1, f.peer)
              AND {_UNHIDDEN}
            ORDER BY l.seq DESC LIMIT 1) AS m
      JOIN channels c ON c.id = f.id
      LEFT JOIN receipts r ON r.channel_id = f.id AND r.user_id = $1
      JOIN users peer ON peer.id = f.peer
     WHERE $4 OR f.archived_seq < m.seq
     ORDER BY f.last_id DESC LIMIT $3
"""
# The listed conversations are found all at once, even if the planner expects few of them to remain
# (OFFSET 0); counting the messages takes the most time.
UNREAD_COUNT: Final = f"""
    SELECT coalesce(sum(n.unread), 0)::bigint AS unread
      FROM (SELECT s.* FROM {LISTED} AS s OFFSET 0) AS f
     CROSS JOIN LATERAL ({_UNREAD} OFFSET 0) AS n (unread)
     WHERE f.last_seq > f.read_seq AND NOT f.is_blocked AND NOT f.is_muted
       AND (f.archived_seq = 0 OR f.archived_seq < {NEWEST_SEQ})
"""
_UNREAD_IN: Final = f"""
    SELECT f.id, ({_UNREAD}) AS unread FROM {LISTED} AS f
     WHERE f.id = ANY ($2::bigint[]) AND f.last_seq > f.read_seq AND NOT f.is_blocked
"""


@frozen
class ConversationLists:
    """The part of `persistence.lists.Lists` that is about conversations.

    Args:
        database: the server.
        planning: the same server; statements are planned for their values.
    """

    database: Database
    planning: Database

    async def _of_user(self, sql: str, user_id: UserId, *args: object) -> Sequence[Record]:
        """The rows of a statement about the channels of a user; one with many channels gets its own
        plan.
        """
        (row,) = await self.database.fetch(_IS_LARGE, user_id)
        database = self.planning if row["is_large"] else self.database
        return await database.fetch(sql, user_id, *args)

    async def conversations(
        self,
        user_id: UserId,
        which: Which = Which.ALL,
        *,
        before: int = MAX_ID,
        limit: int = MAX_LISTED,
    ) -> Sequence[Conversation]:
        """See the interface."""
        rows = await self._of_user(
            CONVERSATIONS,
            user_id,
            before,
            limit,
            which is not Which.UNARCHIVED,
            which is Which.REQUESTS,
        )
        return [
            Conversation(
                channel_id=ChannelId(row["channel_id"]),
                peer=user_from(row),
                last_message=message_in(row),
                unread_count=row["unread"],
                is_request=row["is_request"],
                last_id=MessageId(row["last_id"]),
                last_seq=row["last_seq"],
                last_rev=row["last_rev"],
                is_archived=row["is_archived"],
                mute=mute_in(row),
                unread_from=unread_from_in(row),
            )
            for row in rows
        ]

    async def unread_count(self, user_id: UserId) -> int:
        """See the interface."""
        (row,) = await self._of_user(UNREAD_COUNT, user_id)
        return int(row["unread"])

    async def unread_in(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, int]:
        """See the interface."""
        rows = await self._of_user(_UNREAD_IN, user_id, list(channel_ids))
        return {ChannelId(row["id"]): row["unread"] for row in rows}

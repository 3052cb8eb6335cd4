"""Lists of channels in Postgres.

Guarantees: as in `conversations`; the rights in other channels come from `seen_channels`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from attrs import frozen

from persistence.lists import MAX_LISTED, Found, Order, Places, Search
from persistence.postgres.accounts import user_columns, user_from
from persistence.postgres.channels import CHANNEL, head_in
from persistence.postgres.contents.message_rows import TO_FIRST, message_in
from persistence.postgres.contents.notes import NOT_HIDDEN
from persistence.postgres.database.bridge import Record
from persistence.postgres.lists.conversations import LISTED, NEWEST_SEQ, ConversationLists
from persistence.postgres.messages import UNREAD_AMONG
from persistence.records import ChannelHead, Newest
from protocol.model import ChannelId, Message, UserId, name_key

_CONVERSATIONS: Final = f"""
    SELECT f.id, f.peer, f.last_seq, f.last_id FROM {LISTED} AS f
     WHERE (f.last_seq > 0 OR f.is_open)
"""
_OTHERS: Final = "SELECT s.id, s.last_id FROM seen_channels($1::bigint) AS s"
CHANNELS: Final = f"""
    SELECT {CHANNEL}, c.last_seq, c.last_rev
      FROM (SELECT listed.id
              FROM (SELECT d.id FROM ({_CONVERSATIONS}) AS d WHERE $4
                    UNION ALL SELECT o.id FROM ({_OTHERS}) AS o WHERE $5) AS listed
             WHERE listed.id > $2 ORDER BY listed.id LIMIT $3) AS page
      JOIN channels c ON c.id = page.id
     ORDER BY c.id
"""
RECENT: Final = f"""
    SELECT {CHANNEL}, c.last_seq, c.last_rev
      FROM (SELECT listed.id, listed.last_id
              FROM (SELECT d.id, d.last_id FROM ({_CONVERSATIONS}) AS d
                    UNION ALL
                    {_OTHERS}) AS listed
             ORDER BY listed.last_id DESC, listed.id LIMIT $2) AS page
      JOIN channels c ON c.id = page.id
     ORDER BY page.last_id DESC, c.id
"""
MOVED_FIRST: Final = f"""
    SELECT {CHANNEL}, c.last_seq, c.last_rev
      FROM (SELECT d.id, row_number() OVER (
                       ORDER BY coalesce(known.seq, 0) <= d.last_seq,
                                coalesce(known.seq, 0) = d.last_seq, d.last_id DESC, d.id) AS ord
              FROM ({_CONVERSATIONS}) AS d
              LEFT JOIN unnest($2::bigint[], $3::bigint[]) AS known (peer, seq) USING (peer)
             WHERE known.seq IS NOT NULL OR NOT $4
             ORDER BY ord LIMIT $5) AS page
      JOIN channels c ON c.id = page.id
     ORDER BY page.ord
"""
_UNHIDDEN: Final = NOT_HIDDEN.format(viewer="$1")
_MISSED: Final = f"""
     l.channel_id = {{channel}} AND l.seq > {{mark}} AND l.author_id <> $1
     AND l.deleted_at IS NULL AND {_UNHIDDEN}
"""
# Messages above the delivered watermark; in a dm without one, from the beginning. The $2 newest of
# all are in the $2 channels whose newest ones are the newest.
UNDELIVERED: Final = f"""
    SELECT {TO_FIRST}
      FROM (SELECT seen.id, seen.mark
              FROM (SELECT d.id, coalesce(r.delivered_seq, 0) AS mark
                      FROM ({_CONVERSATIONS}) AS d
                      LEFT JOIN receipts r ON r.channel_id = d.id AND r.user_id = $1
                     WHERE d.last_seq > coalesce(r.delivered_seq, 0)
                    UNION ALL
                    SELECT o.id, r.delivered_seq
                      FROM ({_OTHERS}) AS o
                      JOIN receipts r ON r.channel_id = o.id AND r.user_id = $1
                     WHERE r.delivered_seq > 0) AS seen
             CROSS JOIN LATERAL (
                   SELECT l.id FROM messages l
                    WHERE {_MISSED.format(channel="seen.id", mark="seen.mark")}
                    ORDER BY l.seq DESC LIMIT 1) AS newest
             ORDER BY newest.id DESC LIMIT $2) AS f
      JOIN channels c ON c.id = f.id
     CROSS JOIN LATERAL (
           SELECT * FROM messages l WHERE {_MISSED.format(channel="f.id", mark="f.mark")}
            ORDER BY l.seq DESC LIMIT $2) AS m
     ORDER BY m.id DESC LIMIT $2
"""
NEWEST: Final = f"""
    SELECT {TO_FIRST}, ({UNREAD_AMONG}) AS unread
      FROM unnest($3::bigint[]) AS wanted (id)
      JOIN channels c ON c.id = wanted.id
      JOIN workspace_members mine ON mine.workspace_id = c.workspace_id AND mine.user_id = $1
     CROSS JOIN LATERAL (
           SELECT * FROM messages l
            WHERE l.channel_id = c.id AND l.deleted_at IS NULL AND {_UNHIDDEN}
            ORDER BY l.seq DESC LIMIT 1) AS m
"""
# As CONVERSATIONS: the sorted rows are narrow, and no more are joined to other tables than fill the
# page.
_SEARCH: Final = f"""
    SELECT {CHANNEL}, c.last_seq, c.last_rev, f.sorted_by, f.members, {user_columns("peer")}
      FROM (SELECT listed.*
              FROM (SELECT s.id, s.peer, s.archived_seq, 2 AS members,
                           {{conversation_key}} COLLATE "C" AS sorted_by
                      FROM {LISTED} AS s JOIN users them ON them.id = s.peer
                     WHERE $3 AND s.last_seq > 0 AND position($2 IN them.name_key) > 0
                    UNION ALL
                    SELECT p.id, NULL, 0, w.members, {{channel_key}} COLLATE "C"
                      FROM (SELECT m.workspace_id, count(*) AS members FROM workspace_members m
                             WHERE m.workspace_id IN (SELECT mine.workspace_id
                                                        FROM workspace_members mine
                                                       WHERE mine.user_id = $1)
                             GROUP BY m.workspace_id) AS w
                      JOIN channels p USING (workspace_id)
                     WHERE position($2 IN p.name_key) > 0) AS listed
             WHERE $4::text IS NULL OR (listed.sorted_by, listed.id) {{behind}} ($4, $5::bigint)
             ORDER BY listed.sorted_by {{way}}, listed.id {{way}} OFFSET 0) AS f
      JOIN channels c ON c.id = f.id
      LEFT JOIN users peer ON peer.id = f.peer
     WHERE f.peer IS NULL OR f.archived_seq < {NEWEST_SEQ}
     ORDER BY f.sorted_by {{way}}, f.id {{way}} OFFSET $6 LIMIT $7
"""
WRITABLE: Final = """
    SELECT s.id FROM seen_conversations($1) AS s
      JOIN policy() p ON p.place = 'conversation' AND p.action = 'write'
     WHERE s.id = ANY ($2::bigint[])
       AND CASE WHEN s.may_write THEN 'contact' ELSE 'participant' END = ANY (p.standings)
    UNION ALL
    SELECT c.id FROM seen_channels($1) AS s JOIN channels c USING (id)
      LEFT JOIN (SELECT m.workspace_id, standing_in_workspace($1, m.workspace_id) AS standing
                   FROM workspace_members m WHERE m.user_id = $1) AS mine USING (workspace_id)
      JOIN policy() p ON p.action = 'write' AND p.place = CASE c.kind
           WHEN 'announcement' THEN 'announcements' ELSE 'channel' END
     WHERE s.id = ANY ($2::bigint[]) AND coalesce(mine.standing, 'member') = ANY (p.standings)
"""
_KEYS: Final = {
    Order.CREATED_AT: ("''", "''"),  # sorted by the id alone
    Order.MEMBER_COUNT: (f"'{2:016}'", "lpad(w.members::text, 16, '0')"),
    Order.NAME: ("them.name_key", "p.name_key"),
}
_WAYS: Final = {False: (">", ""), True: ("<", "DESC")}
SEARCHES: Final = {
    (order, is_descending): _SEARCH.format(
        conversation_key=keys[0], channel_key=keys[1], behind=behind, way=way
    )
    for order, keys in _KEYS.items()
    for is_descending, (behind, way) in _WAYS.items()
}
"""The statements, by order and whether the largest comes first."""


@frozen
class PostgresLists(ConversationLists):
    """Implements `persistence.lists.Lists`."""

    async def undelivered(self, user_id: UserId, *, limit: int) -> Sequence[Message]:
        """See the interface."""
        rows = await self._of_user(UNDELIVERED, user_id, limit)
        return [message_in(row) for row in reversed(rows)]

    async def newest(
        self, user_id: UserId, channel_ids: Collection[ChannelId], *, among: int
    ) -> Mapping[ChannelId, Newest]:
        """See the interface."""
        rows = await self._of_user(NEWEST, user_id, among, list(channel_ids))
        return {row["channel_id"]: Newest(message_in(row), row["unread"]) for row in rows}

    async def channels(
        self,
        user_id: UserId,
        places: Places = Places.ALL,
        *,
        after: int = 0,
        limit: int = MAX_LISTED,
    ) -> Sequence[ChannelHead]:
        """See the interface."""
        rows = await self._of_user(
            CHANNELS,
            user_id,
            after,
            limit,
            places is not Places.IN_WORKSPACES,
            places is not Places.CONVERSATIONS,
        )
        return [head_in(row) for row in rows]

    async def writable(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> frozenset[ChannelId]:
        """See the interface."""
        rows = await self._of_user(WRITABLE, user_id, list(channel_ids))
        return frozenset(row["id"] for row in rows)

    async def recent(self, user_id: UserId, *, limit: int) -> Sequence[ChannelHead]:
        """See the interface."""
        return [head_in(row) for row in await self._of_user(RECENT, user_id, limit)]

    async def moved_first(
        self, user_id: UserId, after: Mapping[UserId, int], *, only: bool = False, limit: int
    ) -> Sequence[ChannelHead]:
        """See the interface."""
        known = list(after), [*after.values()]
        rows = await self._of_user(MOVED_FIRST, user_id, *known, only, limit)
        return [head_in(row) for row in rows]

    async def search(self, user_id: UserId, wanted: Search) -> Sequence[Found]:
        """See the interface."""
        key, channel_id = wanted.after or (None, None)
        rows = await self._of_user(
            SEARCHES[wanted.order, wanted.is_descending],
            user_id,
            name_key(wanted.text),
            wanted.with_conversations,
            key,
            channel_id,
            wanted.offset,
            wanted.limit,
        )
        return [_found(row) for row in rows]


def _found(row: Record) -> Found:
    head = head_in(row)
    peer = None if head.channel.pair is None else user_from(row)
    name = head.channel.name if peer is None else peer.name
    key = row["sorted_by"], head.channel.id
    return Found(head, name, peer, row["members"], key)
